import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../../fields/fields.ts';
import { FakeInbound, planOf, Stage, upstreamPlan } from '../../testing/fakes.ts';

test('a breaker that opens tells the failure that it counted, not one that came meanwhile and counts for nothing', () => {
  const breaker = {
    window: 10_000,
    minRequests: 1,
    failureRate: 0.5,
    openFor: 5000,
    probes: 1,
    failures: ['5xx' as const],
  };
  const stage = new Stage(planOf({ upstreams: [upstreamPlan('up', { breaker })] }));
  for (let i = 0; i < 2; i++) stage.run(new FakeInbound());
  const [failing, waiting] = stage.forwarder.calls;
  failing!.to.head(500, Fields.empty(), -1);
  waiting!.to.failed({ reason: 'busy', detail: 'all connections are in use', sent: false });
  failing!.to.end(null);
  const [endpoint] = stage.core.generation.rules.upstreams.get('up')!.endpoints;
  assert.equal(endpoint!.breaker?.state(stage.clock), 'open');
  assert.equal(endpoint!.lastFailure, 'status 500');
});
