/** Hooks that throw, answer nonsense or never answer: one request is refused, and nothing else notices. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fields } from '../../fields/fields.ts';
import { FakeInbound, planOf, policyPlan, routePlan, Stage, upstreamPlan } from '../../testing/fakes.ts';
import type { Exchange, Hooks, Reply } from '../../types/policy.ts';

/** Long beyond `policyTimeout` and `timeouts.total` of the stage. */
const LONG = 100_000;

function stageOf(policies: Record<string, Hooks>): Stage {
  const breaker = {
    window: 10_000,
    minRequests: 2,
    failureRate: 0.5,
    openFor: 5000,
    probes: 1,
    failures: ['5xx' as const],
  };
  return new Stage(
    planOf({
      upstreams: [upstreamPlan('up', { breaker, timeouts: { send: 1, firstByte: 1, idle: 1, total: 10 * LONG } })],
      policies: Object.entries(policies).map(([name, hooks]) => policyPlan(name, hooks)),
      routes: [routePlan('all', { use: Object.keys(policies) })],
    }),
  );
}

function answer(stage: Stage): void {
  for (const { to, cancelled } of stage.forwarder.calls) {
    if (cancelled) continue;
    to.head(200, Fields.empty(), 2);
    to.data(Buffer.from('ok'));
    to.end(null);
  }
}

function failures(stage: Stage, hook: string, reason: string): number {
  return stage.counter('weir_policy_failures_total', { policy: 'bad', hook, reason });
}

/** Nothing of any request is left: not in flight, not on the wheel, not at an endpoint, no permit taken. */
function assertNothingLeft(stage: Stage): void {
  assert.equal(stage.core.inFlight, 0);
  assert.equal(stage.wheel.size, 0);
  for (const { state, breaker } of stage.core.generation.rules.upstreams.get('up')!.endpoints) {
    assert.equal(state.inFlight(), 0);
    assert.equal(breaker?.state(stage.clock), 'closed');
  }
}

const REPLY: Reply = { status: 204, headers: Fields.empty(), body: '', code: '' };
const boom = (): never => {
  throw new Error('bug');
};
const settled = () => new Promise(setImmediate);

describe('a hook that throws', () => {
  for (const hook of ['admit', 'choose', 'attempt', 'reply'] as const)
    test(`${hook}: the request is answered with 500 and the policies around it are told`, async () => {
      const seen: string[] = [];
      const watches = (name: string): Hooks => ({
        reply: () => void seen.push(`${name} reply`),
        end: () => void seen.push(`${name} end`),
      });
      const stage = stageOf({ before: watches('before'), bad: { [hook]: boom }, behind: watches('behind') });
      const inbound = new FakeInbound();
      const x = stage.run(inbound);
      answer(stage);
      await settled();
      assert.deepEqual(inbound.log, ['reply 500']);
      assert.equal(x.code, 'INTERNAL');
      inbound.events.done(1);
      assert.deepEqual(
        seen.filter((what) => what.startsWith('before')),
        ['before reply', 'before end'],
      );
      assert.equal(failures(stage, hook, 'threw'), 1);
      assertNothingLeft(stage);
    });

  for (const hook of ['outcome', 'end'] as const)
    test(`${hook}: the reply goes out whole and the other policies are told`, async () => {
      const seen: string[] = [];
      const stage = stageOf({ bad: { [hook]: boom }, behind: { [hook]: () => void seen.push(hook) } });
      const inbound = new FakeInbound();
      stage.run(inbound);
      answer(stage);
      inbound.events.done(2);
      assert.deepEqual(inbound.log, ['head 200', 'write ok', 'end']);
      assert.deepEqual(seen, [hook]);
      assert.equal(failures(stage, hook, 'threw'), 1);
      assertNothingLeft(stage);
    });

  test('what an attempt hook took is given back though giving back throws', () => {
    const undone: string[] = [];
    const stage = stageOf({
      taking: { attempt: (_x, a) => a.defer(() => undone.push('taken')) as undefined },
      bad: { attempt: (_x, a) => a.defer(boom) as undefined },
      picky: { attempt: () => 'skip' },
    });
    const inbound = new FakeInbound();
    stage.run(inbound);
    assert.deepEqual(undone, ['taken', 'taken']);
    assert.deepEqual(inbound.log, ['reply 503']);
    inbound.events.done(1);
    assertNothingLeft(stage);
  });

  test('is logged once in ten seconds, however often it throws', () => {
    const lines: object[] = [];
    const stage = stageOf({ bad: { admit: boom } });
    stage.logged = (fields) => lines.push(fields);
    const once = (): void => {
      const inbound = new FakeInbound();
      stage.run(inbound);
      inbound.events.done(1);
    };
    for (let i = 0; i < 100; i++) once();
    assert.equal(lines.length, 1);
    assert.partialDeepStrictEqual(lines[0], { id: 'req_1', route: 'all', policy: 'bad', hook: 'admit' });
    stage.clock += 10_000;
    once();
    assert.equal(lines.length, 2);
    assert.equal(failures(stage, 'admit', 'threw'), 101);
  });
});

describe('a hook that never answers', () => {
  test('does not keep out of the log that it throws as well', () => {
    const lines: object[] = [];
    let late = true;
    const stage = stageOf({ bad: { admit: () => (late ? new Promise(() => {}) : boom()) } });
    stage.logged = (fields) => lines.push(fields);
    stage.run(new FakeInbound());
    stage.wheel.advance(stage.clock + 31_000);
    late = false;
    stage.run(new FakeInbound());
    assert.equal(lines.length, 2);
  });

  for (const hook of ['admit', 'reply'] as const)
    test(`${hook}: the request is answered with 503 at the deadline, and what comes later is dropped`, async () => {
      let release = (_reply: Reply): void => {};
      const late = new Promise<Reply>((resolve) => {
        release = resolve;
      });
      const stage = stageOf({ bad: { [hook]: () => late } });
      const inbound = new FakeInbound();
      const x = stage.run(inbound);
      answer(stage);
      await settled();
      assert.deepEqual(inbound.log, []);
      stage.wheel.advance(stage.clock + 29_000);
      assert.deepEqual(inbound.log, []);
      stage.wheel.advance(stage.clock + 31_000);
      assert.deepEqual(inbound.log, ['reply 503']);
      assert.equal(x.code, 'POLICY_TIMEOUT');
      assert.equal(failures(stage, hook, 'late'), 1);
      inbound.events.done(1);
      release(x.error('FORBIDDEN'));
      await settled();
      assert.deepEqual(inbound.log, ['reply 503']);
      assertNothingLeft(stage);
    });

  test('is waited for no longer than its client', async () => {
    for (const hook of ['admit', 'reply'] as const) {
      const stage = stageOf({ bad: { [hook]: () => new Promise(() => {}) } });
      const inbound = new FakeInbound();
      stage.run(inbound);
      if (hook === 'reply') stage.forwarder.last.to.head(200, Fields.empty(), 2);
      inbound.events.gone();
      await settled();
      assertNothingLeft(stage);
    }
  });

  test('its upstream may fail meanwhile: the client hears of it at the deadline', async () => {
    const stage = stageOf({ bad: { reply: () => new Promise(() => {}) } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.forwarder.last.to.head(200, Fields.empty(), 10);
    stage.forwarder.last.to.failed({ reason: 'truncated', detail: '', sent: true });
    stage.wheel.advance(stage.clock + 31_000);
    assert.deepEqual(inbound.log, ['reply 503']);
    inbound.events.done(1);
    assertNothingLeft(stage);
  });
});

describe('a hook that answers with what is no answer', () => {
  // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what is tried here
  const thenable = { then: (resolve: (value: unknown) => void) => resolve(undefined) };
  const cases: [string, Hooks, string][] = [
    ['admit', { admit: (() => true) as never }, 'reply 500'],
    ['admit', { admit: (async () => 'no') as never }, 'reply 500'],
    ['admit', { admit: (() => null) as never }, 'reply 500'],
    // The body of an upstream, which nobody has asked yet.
    ['admit', { admit: () => ({ ...REPLY, body: null }) }, 'reply 500'],
    ['admit', { admit: async () => ({ ...REPLY, body: null }) }, 'reply 500'],
    ['admit', { admit: (() => ({ status: 200, headers: [] })) as never }, 'reply 500'],
    ['admit', { admit: (async () => ({ status: 200, headers: [], body: '' })) as never }, 'reply 500'],
    ['admit', { admit: () => ({ ...REPLY, code: 'NO_SUCH_CODE' as never }) }, 'reply 500'],
    ['admit', { admit: () => ({ ...REPLY, body: {} as never }) }, 'reply 500'],
    ['admit', { admit: () => ({ ...REPLY, headers: ['name', 'value'] as never }) }, 'reply 500'],
    ['admit', { admit: () => ({ ...REPLY, headers: null as never }) }, 'reply 500'],
    ['admit', { admit: () => ({ ...REPLY, status: 101 }) }, 'reply 500'],
    ['admit', { admit: () => ({ ...REPLY, status: Number.NaN }) }, 'reply 500'],
    ['reply', { admit: () => ({ ...REPLY }), reply: () => ({ ...REPLY, body: null }) }, 'reply 500'],
    ['reply', { reply: (() => 7) as never }, 'reply 500'],
    ['choose', { choose: (async () => []) as never }, 'reply 500'],
    ['choose', { choose: (() => undefined) as never }, 'reply 500'],
    ['attempt', { attempt: (async () => 'skip') as never }, 'reply 500'],
    ['attempt', { attempt: (() => boom) as never }, 'reply 500'],
  ];
  for (const [hook, hooks, log] of cases)
    test(`${hook}: ${String(hooks[hook as 'admit'])} is a 500`, async () => {
      const stage = stageOf({ bad: hooks });
      const inbound = new FakeInbound();
      stage.run(inbound);
      answer(stage);
      await settled();
      assert.deepEqual(inbound.log, [log]);
      assert.equal(failures(stage, hook, 'threw'), 1);
      inbound.events.done(1);
      assertNothingLeft(stage);
    });

  test('a reply that is made once is answered with many times, and stays what it was', async () => {
    const headers = Fields.of('content-length', '7', 'a', 'b');
    const once = Object.freeze({ ...REPLY, headers });
    const stage = stageOf({
      edits: { reply: (_x, reply) => void reply.headers.add('edited', '1') },
      bad: { admit: () => once },
    });
    for (let i = 0; i < 2; i++) {
      const inbound = new FakeInbound();
      stage.run(inbound);
      assert.deepEqual(inbound.log, ['reply 204']);
      assert.deepEqual(inbound.replyHeaders, ['a', 'b', 'edited', '1']);
      inbound.events.done(1);
    }
  });

  test('any thenable is waited for', async () => {
    const stage = stageOf({ bad: { admit: () => thenable as never, reply: () => thenable as never } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    await settled();
    answer(stage);
    await settled();
    assert.deepEqual(inbound.log, ['head 200', 'write ok', 'end']);
  });

  for (const hook of ['outcome', 'end', 'choose', 'attempt'] as const)
    test(`${hook}: one that rejects, where nothing is waited for, goes uncaught nowhere`, async (t) => {
      const uncaught: unknown[] = [];
      const note = (error: unknown): void => void uncaught.push(error);
      process.on('unhandledRejection', note);
      t.after(() => process.off('unhandledRejection', note));
      const stage = stageOf({ bad: { [hook]: async (_x: Exchange) => boom() } });
      const inbound = new FakeInbound();
      stage.run(inbound);
      answer(stage);
      inbound.events.done(1);
      await settled();
      await settled();
      assert.deepEqual(uncaught, []);
      assert.ok(failures(stage, hook, 'threw') >= 1);
    });
});
