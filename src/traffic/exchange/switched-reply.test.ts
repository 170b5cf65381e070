/** Upgrades on scripted ends: they go the way of every request, up to the 101 and behind it. */
import assert from 'node:assert/strict';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { Fields } from '../../fields/fields.ts';
import { FakeInbound, planOf, policyPlan, routePlan, Stage, upstreamPlan } from '../../testing/fakes.ts';
import { until } from '../../testing/until.ts';
import type { RetryPlan, RoutePlan, UpstreamPlan } from '../../types/plan.ts';
import type { Hooks, Reply } from '../../types/policy.ts';

const OUTCOME = 'weir_upstream_attempts_total';
const RETRY: RetryPlan = {
  attempts: 2,
  on: ['connect', 503],
  backoffMin: 1,
  backoffMax: 1000,
  unsafe: false,
  budget: 1,
};
const NOTHING = Buffer.alloc(0);

interface Options {
  readonly hooks?: Hooks;
  readonly route?: Partial<RoutePlan>;
  readonly upstream?: Partial<UpstreamPlan>;
}

/** One upgrade; `client` and `upstream` are the far ends of its two connections. */
class Upgrade {
  readonly stage: Stage;
  readonly inbound: FakeInbound;
  readonly client: Duplex;
  readonly upstream: Duplex;
  readonly near: Duplex;

  constructor({ hooks = {}, route = {}, upstream = {} }: Options = {}) {
    this.stage = new Stage(
      planOf({
        upstreams: [upstreamPlan('up', upstream)],
        policies: [policyPlan('p', hooks)],
        routes: [routePlan('all', { use: ['p'], ...route })],
      }),
    );
    const [client, taken] = duplexPair();
    const [far, near] = duplexPair();
    this.client = client;
    this.upstream = far;
    this.near = near;
    this.inbound = new FakeInbound({ upgrade: 'websocket', connection: { socket: taken, early: Buffer.from('hi ') } });
    this.stage.run(this.inbound);
  }

  get call() {
    return this.stage.forwarder.last;
  }

  accept(headers = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Server', 's']): void {
    this.call.to.upgraded(Fields.from(headers), { socket: this.near, early: NOTHING });
  }

  outcomes(outcome: string): number {
    return this.stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome });
  }
}

describe('an upgrade that is accepted', () => {
  test('passes the reply policies, is joined, and ends with its tunnel', async () => {
    const reply = (_x: unknown, { headers }: Reply): undefined => void headers.add('x-by', 'p');
    const upgrade = new Upgrade({ hooks: { reply } });
    const { stage, inbound, client, upstream, call } = upgrade;
    upgrade.accept();
    assert.equal(call.request.upgrade, 'websocket');
    assert.deepEqual(inbound.log, ['take over']);
    const sent = ['connection', 'upgrade', 'upgrade', 'websocket', 'Server', 's', 'x-by', 'p'];
    assert.deepEqual(inbound.replyHeaders, sent);
    assert.equal(upgrade.outcomes('ok'), 1);
    let up = '';
    upstream.on('data', (chunk) => {
      up += chunk;
    });
    client.write('there');
    await until(() => up === 'hi there', 'what the client sent');
    client.resume();
    upstream.end('bye');
    client.end();
    await until(() => stage.core.inFlight === 0, 'the end');
    assert.equal(stage.counter('weir_requests_total', { route: 'all', status_class: '1xx' }), 1);
    assert.equal(call.cancelled, false);
  });

  test('has no longer the time for all attempts, but that of a tunnel', () => {
    const upgrade = new Upgrade();
    const { stage, inbound } = upgrade;
    upgrade.accept();
    stage.clock += 60_000;
    stage.wheel.advance(stage.clock);
    assert.deepEqual([inbound.log, stage.core.inFlight], [['take over'], 1]);
    stage.core.tunnels.goAway();
  });

  test('and answered by a policy instead, ends the connection', () => {
    const own: Reply = { status: 403, headers: Fields.empty(), body: Buffer.from('no'), code: '' };
    const upgrade = new Upgrade({ hooks: { reply: () => own } });
    upgrade.accept();
    assert.deepEqual([upgrade.inbound.log, upgrade.call.cancelled], [['reply 403'], true]);
    // As for any reply: what its head says of the endpoint stands.
    assert.equal(upgrade.outcomes('ok'), 1);
  });

  test('with more fields than may leave is the upstream’s fault', () => {
    const upgrade = new Upgrade();
    upgrade.accept(new Array<string>(1998).fill('x'));
    assert.deepEqual([upgrade.inbound.log, upgrade.call.cancelled], [['reply 502'], true]);
    assert.equal(upgrade.outcomes('protocol'), 1);
  });

  test('ends with a client that leaves while a policy holds it', () => {
    const upgrade = new Upgrade({ hooks: { reply: () => new Promise<undefined>(() => {}) } });
    upgrade.accept();
    upgrade.inbound.events.gone();
    assert.deepEqual([upgrade.inbound.log, upgrade.call.cancelled], [[], true]);
    assert.equal(upgrade.stage.core.inFlight, 0);
    assert.equal(upgrade.outcomes('aborted'), 1);
  });
});

test('a client that leaves before the answer ends the upgrade, where calls drain too', () => {
  const upgrade = new Upgrade({ route: { onDisconnect: { action: 'drain', for: 1000 } } });
  upgrade.inbound.events.gone();
  assert.equal(upgrade.call.cancelled, true);
  assert.equal(upgrade.stage.core.inFlight, 0);
});

describe('an upgrade that is declined', () => {
  test('streams the reply', () => {
    const { call, inbound } = new Upgrade();
    call.to.head(426, Fields.from(['Connection', 'close', 'Content-Length', '5']), 5);
    call.to.data(Buffer.from('sor'));
    assert.deepEqual(inbound.log, ['head 426', 'write sor']);
    call.to.data(Buffer.from('ry'));
    call.to.end(null);
    assert.deepEqual([inbound.replyBody, inbound.length, inbound.replyHeaders], ['sorry', 5, []]);
  });

  test('is tried again where the rules say so', async () => {
    const { stage, inbound, near } = new Upgrade({ upstream: { retry: RETRY } });
    stage.forwarder.last.to.head(503, Fields.empty(), 0);
    await until(() => stage.forwarder.calls.length === 2, 'another attempt');
    assert.equal(stage.forwarder.last.request.upgrade, 'websocket');
    stage.forwarder.last.to.upgraded(Fields.empty(), { socket: near, early: NOTHING });
    assert.deepEqual(inbound.log, ['take over']);
    stage.core.tunnels.goAway();
  });

  test('has its error page mapped where the rules say so', () => {
    const { call, inbound } = new Upgrade({ route: { errors: 'map' } });
    call.to.head(500, Fields.from(['content-type', 'text/html']), 4);
    call.to.data(Buffer.from('<h1>'));
    call.to.end(null);
    assert.equal(JSON.parse(inbound.replyBody).code, 'INTERNAL_SERVER_ERROR');
    assert.match(inbound.replyFields.get('content-type')!, /json/);
  });
});
