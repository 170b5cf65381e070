/** The life of one request, on scripted ends: order, answers on the way, attempts, ends. */
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { Fields } from '../../fields/fields.ts';
import { endpointPlan, FakeInbound, planOf, policyPlan, routePlan, Stage, upstreamPlan } from '../../testing/fakes.ts';
import type { BreakerPlan, RetryPlan } from '../../types/plan.ts';
import type { Exchange, Hooks } from '../../types/policy.ts';

const BREAKER: BreakerPlan = {
  window: 10_000,
  minRequests: 2,
  failureRate: 0.5,
  openFor: 5000,
  probes: 1,
  failures: ['connect', 'timeout', 'truncated', '5xx'],
};
const RETRY: RetryPlan = {
  attempts: 3,
  on: ['connect', 429, 503],
  backoffMin: 100,
  backoffMax: 2000,
  unsafe: false,
  budget: 1,
};
const OUTCOME = 'weir_upstream_attempts_total';

function stageWith(policies: Record<string, Hooks>, route = {}, upstream = {}, options = {}): Stage {
  return new Stage(
    planOf({
      upstreams: [upstreamPlan('up', upstream)],
      policies: Object.entries(policies).map(([name, hooks]) => policyPlan(name, hooks)),
      routes: [routePlan('all', { use: Object.keys(policies), ...route })],
    }),
    options,
  );
}

function answer(stage: Stage, status = 200, body = 'hello', headers: string[] = []): void {
  const call = stage.forwarder.last;
  const { to } = call;
  to.head(status, Fields.from(['Content-Type', 'text/plain', ...headers]), body.length);
  if (call.cancelled) return;
  if (body !== '') to.data(Buffer.from(body));
  to.end(null);
}

describe('a plain request', () => {
  test('goes up without what belongs to this hop and comes back whole', () => {
    const stage = new Stage(planOf());
    const inbound = new FakeInbound({
      target: '/a%7Eb?q=1',
      headers: Fields.from([
        'Host',
        'Example.test:80',
        'Connection',
        'close, X-Mine',
        'X-Mine',
        '1',
        'X-Keep',
        'Yes',
        'TE',
        'gzip',
      ]),
    });
    stage.run(inbound);
    const { request } = stage.forwarder.last;
    assert.equal(request.target, '/a~b?q=1');
    assert.deepEqual(request.headers.toPairs(), [
      ...['host', 'a.test', 'X-Keep', 'Yes', 'x-forwarded-for', '192.0.2.7', 'x-forwarded-proto', 'http'],
      ...['x-forwarded-host', 'example.test', 'x-request-id', 'req_1', 'via', '1.1 weir-1'],
    ]);
    answer(stage, 200, 'hello', ['Connection', 'X-Hop', 'X-Hop', '1', 'Content-Length', '5']);
    assert.deepEqual(inbound.log, ['head 200', 'write hello', 'end']);
    assert.deepEqual(inbound.replyHeaders, ['Content-Type', 'text/plain']);
    assert.equal(inbound.length, 5);
    inbound.events.done(5);
    assert.equal(stage.core.inFlight, 0);
    assert.equal(stage.counter('weir_requests_total', { route: 'all', status_class: '2xx' }), 1);
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'ok' }), 1);
  });

  test('forwarding fields are believed of trusted proxies only', () => {
    const sent = (trusted: string[]) => {
      const stage = new Stage(planOf(), { trusted });
      const headers = [
        'Host',
        'x',
        'X-Forwarded-For',
        '203.0.113.9',
        'X-Forwarded-Proto',
        'https',
        'X-Request-Id',
        'abc',
      ];
      const x = stage.run(new FakeInbound({ headers: Fields.from(headers) }));
      return { list: stage.forwarder.last.request.headers, x };
    };
    const trusted = sent(['192.0.2.0/24']);
    assert.equal(trusted.list.get('x-forwarded-for'), '203.0.113.9, 192.0.2.7');
    assert.equal(trusted.list.get('x-forwarded-proto'), 'https');
    assert.equal(trusted.x.client.address, '203.0.113.9');
    assert.equal(trusted.x.id, 'abc');
    const stranger = sent([]);
    assert.equal(stranger.list.get('x-forwarded-for'), '192.0.2.7');
    assert.equal(stranger.list.get('x-forwarded-proto'), 'http');
    assert.equal(stranger.x.client.address, '192.0.2.7');
    assert.equal(stranger.x.id, 'req_1');
  });

  test('no route is 404, a wrong method 405 with Allow, an ambiguous path 400', () => {
    const stage = stageWith({}, { match: { hosts: ['*'], path: '/v1', methods: ['GET'], headers: {}, countries: [] } });
    const ask = (method: string, target: string) => {
      const inbound = new FakeInbound({ method, target });
      stage.run(inbound);
      return inbound;
    };
    assert.equal(ask('GET', '/v2').status, 404);
    const wrong = ask('POST', '/v1');
    assert.equal(wrong.status, 405);
    assert.match(wrong.replyFields.get('allow') ?? '', /GET/);
    const ambiguous = ask('GET', '/v1/%2e%2e/admin');
    assert.equal(ambiguous.status, 400);
    assert.match(ambiguous.replyBody, /AMBIGUOUS_PATH/);
    assert.equal(ask('GET', 'ftp://x/').status, 400);
  });
});

describe('a thousand fields', () => {
  const tiny = (count: number) => Array.from({ length: count }, () => ['a', '']).flat();

  test('are the most that a request may have, ours included: else 431, and no endpoint is asked', () => {
    const ask = (count: number, route: Record<string, Hooks> = {}) => {
      const stage = stageWith(route, {}, { breaker: BREAKER });
      const inbound = new FakeInbound({ headers: Fields.from(['Host', 'a', ...tiny(count)]) });
      stage.run(inbound);
      return { stage, inbound, asked: stage.forwarder.calls.length };
    };
    // With Host, three forwarding fields, the request's id and Via, 996 are given to the forwarder, which may add four.
    assert.deepEqual(ask(990).stage.forwarder.last.request.headers.size, 996);
    const refused = ask(991);
    assert.deepEqual([refused.inbound.status, refused.inbound.closes, refused.asked], [431, true, 0]);
    assert.match(refused.inbound.replyBody, /HEADERS_TOO_LARGE/);
    // What an attempt's hook adds counts.
    const adding: Hooks = { attempt: (_x, attempt) => void attempt.headers.add('x', '') };
    assert.deepEqual([ask(990, { adding }).inbound.status, ask(989, { adding }).asked], [431, 1]);
  });

  test('are the most that a reply may have, ours included: else 502, and the endpoint has failed', () => {
    const ask = (count: number, reply?: Hooks['reply']) => {
      const stage = stageWith(reply === undefined ? {} : { reply: { reply } });
      const inbound = new FakeInbound();
      stage.run(inbound);
      answer(stage, 200, 'hello', tiny(count));
      const failed = stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'protocol' });
      return [inbound.status, inbound.replyHeaders.length < 2 * 997, failed];
    };
    assert.deepEqual(ask(995), [200, true, 0]);
    assert.deepEqual(ask(996), [502, true, 1]);
    // Also where the rules add them, or answer with them.
    assert.deepEqual(
      ask(995, (_x, reply) => void reply.headers.add('x', '')),
      [502, true, 1],
    );
    const stage = stageWith({
      fixed: { admit: () => ({ status: 200, headers: Fields.from(tiny(997)), body: '', code: '' }) },
    });
    const inbound = new FakeInbound();
    stage.run(inbound);
    assert.equal(inbound.status, 500);
  });
});

describe('policies', () => {
  test('run in the order written, their replies last first', () => {
    const order: string[] = [];
    const tracing = (name: string): Hooks => ({
      admit: () => void order.push(`admit ${name}`),
      reply: () => void order.push(`reply ${name}`),
      end: () => void order.push(`end ${name}`),
    });
    const stage = stageWith({ one: tracing('one'), two: tracing('two') });
    const inbound = new FakeInbound();
    stage.run(inbound);
    answer(stage);
    inbound.events.done(5);
    assert.deepEqual(order, ['admit one', 'admit two', 'reply two', 'reply one', 'end one', 'end two']);
  });

  test('an answer on the way goes back through the policies passed, and no others', () => {
    const seen: string[] = [];
    const stage = stageWith({
      first: { reply: () => void seen.push('first') },
      gate: { admit: (x: Exchange) => x.error('FORBIDDEN'), reply: () => void seen.push('gate') },
      later: { reply: () => void seen.push('later') },
    });
    const inbound = new FakeInbound();
    const x = stage.run(inbound);
    assert.deepEqual(seen, ['gate', 'first']);
    assert.equal(inbound.status, 403);
    assert.equal(x.answeredBy, 'gate');
    assert.equal(stage.forwarder.calls.length, 0);
  });

  test('errors that Weir makes pass the reply hooks and carry their headers', () => {
    const stage = stageWith({ stamp: { reply: (_x, reply) => void reply.headers.add('x-stamp', '1') } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.forwarder.last.to.failed({ reason: 'connect', detail: '', sent: false });
    assert.equal(inbound.status, 502);
    assert.equal(inbound.replyFields.get('x-stamp'), '1');
  });

  test('an admit that waits is waited for, and what comes after it too', async () => {
    const stage = stageWith({
      slow: { admit: async () => undefined },
      next: { admit: async (x) => x.error('FORBIDDEN') },
    });
    const inbound = new FakeInbound();
    stage.run(inbound);
    assert.deepEqual(inbound.log, []);
    await new Promise(setImmediate);
    assert.deepEqual(inbound.log, ['reply 403']);
  });

  test('an admit that ends after the client left does nothing', async () => {
    let release = () => {};
    const waiting = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const stage = stageWith({ slow: { admit: () => waiting } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    inbound.events.gone();
    release();
    await new Promise(setImmediate);
    assert.equal(stage.forwarder.calls.length, 0);
    assert.equal(stage.core.inFlight, 0);
  });

  test('an admit that fails after an answer was made without it does not cut that off', async () => {
    let fail = (_error: Error) => {};
    const waiting = new Promise<undefined>((_resolve, reject) => {
      fail = reject;
    });
    const stage = stageWith({ slow: { admit: () => waiting } });
    const inbound = new FakeInbound({ method: 'POST', bodyLength: -1 });
    const x = stage.run(inbound);
    inbound.events.bodyFailed('malformed');
    fail(new Error('x'));
    await new Promise(setImmediate);
    assert.deepEqual(inbound.log, ['reply 400']);
    assert.equal(x.code, 'BAD_REQUEST');
  });

  test('a policy that throws is a 500 and a policy that throws on the way back too, once', async () => {
    for (const hooks of [
      { admit: () => assert.fail('x') },
      { reply: () => assert.fail('x') },
      { reply: () => Promise.reject(new Error('x')) },
      { admit: () => Promise.reject(new Error('x')) },
    ] as Hooks[]) {
      const stage = stageWith({ bad: hooks });
      const inbound = new FakeInbound();
      stage.run(inbound);
      if (stage.forwarder.calls.length > 0) answer(stage);
      await new Promise(setImmediate);
      assert.deepEqual(inbound.log, ['reply 500'], JSON.stringify(Object.keys(hooks)));
    }
  });

  test('a reply hook that waits holds the body back and loses none of it', async () => {
    const stage = stageWith({ slow: { reply: async () => undefined } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    answer(stage);
    assert.deepEqual(inbound.log, []);
    await new Promise(setImmediate);
    assert.deepEqual(inbound.log, ['head 200', 'write hello', 'end']);
  });

  test('a reply hook that waits does not keep from the client that the upstream’s reply broke meanwhile', async () => {
    const causes: [string, number, (stage: Stage, inbound: FakeInbound) => void][] = [
      ['the upstream', 502, (stage) => stage.forwarder.last.to.failed({ reason: 'truncated', detail: '', sent: true })],
      ['the total time', 504, (stage) => stage.wheel.advance(stage.clock + 20_000)],
      ['the client', 400, (_stage, inbound) => inbound.events.bodyFailed('malformed')],
    ];
    for (const [what, status, breaks] of causes) {
      let release = () => {};
      const waiting = new Promise<undefined>((resolve) => {
        release = () => resolve(undefined);
      });
      const stage = stageWith({ slow: { reply: () => waiting } });
      const inbound = new FakeInbound({ method: 'POST', bodyLength: -1 });
      stage.run(inbound);
      const call = stage.forwarder.last;
      call.to.sendMore();
      call.to.head(200, Fields.empty(), 10);
      breaks(stage, inbound);
      release();
      await new Promise(setImmediate);
      assert.deepEqual(inbound.log.slice(1), [`reply ${status}`], what);
      inbound.events.done(1);
      assert.equal(stage.core.inFlight + stage.wheel.size, 0, what);
    }
  });

  test('an attempt hook edits this try alone, and a skip gives back what was taken', () => {
    const undone: string[] = [];
    const stage = stageWith({
      taking: {
        attempt: (_x, a) => {
          a.headers.add('x-try', String(a.number));
          a.defer(() => undone.push(a.endpoint.name));
          return undefined;
        },
      },
      picky: { attempt: (_x, a) => (a.endpoint.name === 'a' ? 'skip' : undefined) },
    });
    const x = stage.run(new FakeInbound());
    assert.deepEqual(undone, ['a']);
    assert.equal(stage.forwarder.last.request.endpoint.name, 'b');
    assert.equal(stage.forwarder.last.request.headers.get('x-try'), '1');
    assert.equal(x.headers.get('x-try'), undefined);
  });

  test('where policies leave nothing of the client’s region, its fallbacks follow, and no other region', () => {
    const upstream = {
      endpoints: ['eu', 'us', 'asia'].map((region) => endpointPlan('up', region, { region })),
      choose: ['region'] as const,
      fallback: ['us'],
    };
    const policies: Record<string, Hooks> = {
      skips: { attempt: (_x, a) => (a.endpoint.name === 'eu' ? 'skip' : undefined) },
      chooses: { choose: (_x, from) => from.filter(({ name }) => name !== 'eu') },
    };
    for (const [name, hooks] of Object.entries(policies))
      for (const [country, expected] of [
        ['DE', 'us'],
        ['US', 'us'],
        ['JP', 'asia'],
      ] as const) {
        const plan = planOf({
          regions: Object.entries({ eu: ['DE'], us: ['US'], asia: ['JP'] }).map(([region, countries]) => ({
            name: region,
            countries,
            continents: [],
            default: false,
            place: { file: 'rules.yaml', line: 1, column: 1 },
          })),
          upstreams: [upstreamPlan('up', upstream)],
          policies: [policyPlan(name, hooks)],
          routes: [routePlan('all', { use: [name] })],
        });
        const stage = new Stage(plan, { country });
        stage.run(new FakeInbound());
        assert.equal(stage.forwarder.last?.request.endpoint.name, expected, `${name} ${country}`);
      }
  });
});

describe('bodies', () => {
  const post = (length: number) => new FakeInbound({ method: 'POST', bodyLength: length });

  test('a small one travels whole', () => {
    const stage = new Stage(planOf());
    const inbound = post(5);
    stage.run(inbound);
    assert.equal(stage.forwarder.calls.length, 0);
    inbound.events.bodyData(Buffer.from('he'));
    inbound.events.bodyData(Buffer.from('llo'));
    inbound.events.bodyEnd(null);
    assert.equal(stage.forwarder.last.request.body?.toString(), 'hello');
  });

  test('a large one is streamed with back-pressure', () => {
    const stage = new Stage(planOf());
    const inbound = post(100_000);
    stage.run(inbound);
    const call = stage.forwarder.last;
    assert.equal(call.request.body, null);
    assert.equal(call.request.bodyLength, 100_000);
    call.accepts = false;
    assert.deepEqual(inbound.log, []);
    call.to.sendMore();
    assert.deepEqual(inbound.log, ['read']);
    inbound.events.bodyData(Buffer.alloc(60_000));
    assert.deepEqual(inbound.log, ['read', 'pause']);
    call.to.sendMore();
    assert.deepEqual(inbound.log, ['read', 'pause', 'resume']);
    inbound.events.bodyData(Buffer.alloc(40_000));
    inbound.events.bodyEnd(null);
    assert.ok(call.finished);
  });

  test('nothing of it is kept once the head of the reply is here, nor where no retry may follow', () => {
    for (const length of [5, 100_000]) {
      const stage = stageWith({}, {}, { retry: RETRY });
      const inbound = post(length);
      const x = stage.run(inbound);
      if (length > 5) stage.forwarder.last.to.sendMore();
      inbound.events.bodyData(Buffer.alloc(length));
      inbound.events.bodyEnd(null);
      const call = stage.forwarder.last;
      assert.equal(call.request.body?.length, length > 5 ? undefined : 5);
      call.to.head(200, Fields.empty(), -1);
      assert.equal(call.request.body, null);
      assert.equal(x.body, null);
    }
  });

  test('it is held in case of a retry only where there is room for it, and let go of at the head', () => {
    for (const full of [false, true]) {
      const stage = stageWith({}, {}, { retry: RETRY });
      if (full) stage.bodies.hold(1_000_000);
      const before = stage.bodies.held;
      const inbound = new FakeInbound({ method: 'PUT', bodyLength: -1 });
      stage.run(inbound);
      const { to } = stage.forwarder.last;
      to.sendMore();
      inbound.events.bodyData(Buffer.alloc(10_000));
      assert.equal(stage.bodies.held - before, full ? 0 : 10_000);
      to.head(503, Fields.empty(), 0);
      assert.equal(inbound.log.includes('head 503'), full, 'what is not here any more is not sent again');
      inbound.events.gone();
      assert.equal(stage.bodies.held, before);
    }
  });

  test('a small one that nothing needs whole is streamed where there is no room, and never refused', () => {
    const stage = new Stage(planOf());
    const post = (): void => stage.run(new FakeInbound({ method: 'POST', bodyLength: 60_000 })) as never;
    for (let i = 0; i < 8; i++) post();
    assert.deepEqual([stage.bodies.held, stage.forwarder.calls.length], [480_000, 0], 'counted when they begin');
    post();
    assert.deepEqual([stage.bodies.held, stage.forwarder.calls.length], [480_000, 1]);
  });

  test('one in very many pieces is not kept for a retry', () => {
    const stage = stageWith({}, {}, { retry: RETRY });
    const inbound = new FakeInbound({ method: 'PUT', bodyLength: -1 });
    stage.run(inbound);
    const { to } = stage.forwarder.last;
    to.sendMore();
    for (let i = 0; i < 300; i++) inbound.events.bodyData(Buffer.alloc(4096));
    assert.equal(stage.bodies.held, 0);
    to.head(503, Fields.empty(), 0);
    assert.ok(inbound.log.includes('head 503'));
  });

  test('one that a policy needs whole counts from its first piece to the head of the reply', () => {
    const stage = new Stage(
      planOf({ policies: [policyPlan('reads', {}, true)], routes: [routePlan('all', { use: ['reads'] })] }),
    );
    const post = (): FakeInbound => {
      const inbound = new FakeInbound({ method: 'POST', bodyLength: 600_000 });
      stage.run(inbound);
      inbound.events.bodyData(Buffer.alloc(500_000));
      return inbound;
    };
    const first = post();
    assert.equal(stage.bodies.held, 500_000);
    const second = post();
    second.events.bodyData(Buffer.alloc(100_000));
    assert.deepEqual([second.status, second.closes, stage.exhausted], [503, true, ['bodies']]);
    second.events.done(1);
    first.events.bodyData(Buffer.alloc(100_000));
    first.events.bodyEnd(null);
    assert.equal(stage.bodies.held, 600_000);
    stage.forwarder.last.to.head(200, Fields.empty(), -1);
    assert.equal(stage.bodies.held, 0);
    first.events.gone();
    assert.equal(stage.bodies.held, 0);
  });

  test('between two attempts the client is held back, and the next one gets all of it', () => {
    const stage = stageWith({}, {}, { endpoints: [endpointPlan('up', 'a')], retry: RETRY });
    const inbound = post(-1);
    stage.run(inbound);
    const first = stage.forwarder.last;
    first.to.sendMore();
    inbound.events.bodyData(Buffer.alloc(5000, 'a'));
    first.to.head(429, Fields.empty(), 0);
    assert.deepEqual(inbound.log, ['read', 'pause']);
    // What an edge had under way already is not lost.
    inbound.events.bodyData(Buffer.alloc(300_000, 'b'));
    stage.pass(2000);
    const second = stage.forwarder.last;
    assert.notEqual(second, first);
    assert.equal(second.sent.length, 0, 'nothing is written before it is asked for');
    second.to.sendMore();
    inbound.events.bodyData(Buffer.alloc(10, 'c'));
    inbound.events.bodyEnd(null);
    const sent = Buffer.concat(second.sent).toString();
    assert.equal(sent, 'a'.repeat(5000) + 'b'.repeat(300_000) + 'c'.repeat(10));
    assert.ok(second.finished);
    assert.equal(inbound.log.at(-1), 'resume');
  });

  test('one over the limit is refused before it is read, or when it outgrows it', () => {
    const stage = new Stage(
      planOf({
        policies: [policyPlan('reads', {}, true)],
        routes: [routePlan('all', { use: ['reads'], bodyMax: 10 })],
      }),
    );
    const known = post(11);
    stage.run(known);
    assert.deepEqual(known.log, ['reply 413']);
    assert.ok(known.closes);
    const unknown = post(-1);
    stage.run(unknown);
    unknown.events.bodyData(Buffer.alloc(6));
    unknown.events.bodyData(Buffer.alloc(6));
    assert.deepEqual(unknown.log, ['read', 'reply 413']);
    assert.equal(stage.forwarder.calls.length, 0);
  });

  test('a streamed one that outgrows its limit cancels the attempt', () => {
    const stage = new Stage(planOf({ routes: [routePlan('all', { bodyMax: 10 })] }));
    const inbound = post(-1);
    stage.run(inbound);
    inbound.events.bodyData(Buffer.alloc(11));
    assert.ok(stage.forwarder.last.cancelled);
    assert.equal(inbound.status, 413);
  });

  test('what comes of one after an answer was made without it is dropped', async () => {
    const stage = stageWith({ slow: { reply: async () => undefined } });
    const inbound = post(10);
    stage.run(inbound);
    inbound.events.bodyData(Buffer.from('hello'));
    inbound.events.shutDown();
    inbound.events.bodyData(Buffer.from('world'));
    inbound.events.bodyEnd(null);
    await new Promise(setImmediate);
    assert.deepEqual(inbound.log, ['read', 'reply 503']);
    assert.equal(stage.forwarder.calls.length, 0);
  });

  test('one that breaks is the client’s fault', () => {
    for (const [why, status] of [
      ['malformed', 400],
      ['timeout', 408],
    ] as const) {
      const stage = new Stage(planOf());
      const inbound = post(5);
      stage.run(inbound);
      inbound.events.bodyFailed(why);
      assert.equal(inbound.status, status);
    }
  });
});

describe('attempts', () => {
  test('the time that a client takes for its body is not the endpoint’s latency', () => {
    for (const [early, latency] of [
      [false, 30],
      [true, 0],
    ] as const) {
      const stage = new Stage(planOf());
      const inbound = new FakeInbound({ method: 'POST', bodyLength: -1 });
      const x = stage.run(inbound);
      const { to } = stage.forwarder.last;
      to.sendMore();
      stage.clock += 3000;
      inbound.events.bodyData(Buffer.from('late'));
      if (!early) inbound.events.bodyEnd(null);
      stage.clock += 30;
      to.head(200, Fields.empty(), -1);
      const { state } = stage.core.generation.rules.upstreams.get('up')!.endpoints[0]!;
      assert.equal(state.latency(), latency);
      assert.equal(x.firstByte, 3030, 'the log says what the client waited for');
    }
  });

  test('a failed connect goes to the next endpoint at once, body and all', () => {
    mock.timers.enable({ apis: ['setImmediate'] });
    const stage = stageWith({}, {}, { retry: RETRY });
    const inbound = new FakeInbound({ method: 'POST', bodyLength: 2 });
    stage.run(inbound);
    inbound.events.bodyData(Buffer.from('hi'));
    inbound.events.bodyEnd(null);
    stage.forwarder.last.to.failed({ reason: 'connect', detail: '', sent: false });
    mock.timers.tick(0);
    mock.timers.reset();
    assert.equal(stage.forwarder.calls.length, 2);
    assert.equal(stage.forwarder.last.request.endpoint.name, 'b');
    assert.equal(stage.forwarder.last.request.body?.toString(), 'hi');
    answer(stage);
    assert.equal(inbound.status, 200);
  });

  test('a request that a connection did not take is as good as one without a connection (RFC 9113 §8.7)', () => {
    for (const [sent, calls] of [
      [false, 2],
      [true, 1],
    ] as const) {
      mock.timers.enable({ apis: ['setImmediate'] });
      const stage = stageWith({}, {}, { retry: { ...RETRY, on: ['connect'] } });
      stage.run(new FakeInbound({ method: 'POST' }));
      stage.forwarder.last.to.failed({ reason: 'reset', detail: '', sent });
      mock.timers.tick(0);
      mock.timers.reset();
      assert.equal(stage.forwarder.calls.length, calls);
    }
  });

  test('a 429 waits for Retry-After and is not gone round by another endpoint', () => {
    const stage = stageWith({}, {}, { retry: RETRY });
    const inbound = new FakeInbound();
    stage.run(inbound);
    answer(stage, 429, '', ['Retry-After', '1']);
    stage.pass(999);
    assert.equal(stage.forwarder.calls.length, 1);
    stage.pass(1);
    assert.deepEqual(
      stage.forwarder.calls.map((call) => call.request.endpoint.name),
      ['a', 'a'],
    );
  });

  test('a Retry-After longer than the backoff goes to the client, who must not take it for Weir’s to retry', () => {
    const stage = stageWith({}, {}, { retry: RETRY });
    const inbound = new FakeInbound();
    stage.run(inbound);
    answer(stage, 429, '', ['Retry-After', '3']);
    assert.equal(inbound.status, 429);
    assert.equal(inbound.replyFields.get('retry-after'), '3');
    assert.equal(inbound.replyFields.get('x-should-retry'), 'false');
  });

  test('what may have reached the upstream is sent again only where the method allows it', () => {
    mock.timers.enable({ apis: ['setImmediate'] });
    for (const [method, calls] of [
      ['GET', 2],
      ['POST', 1],
    ] as const) {
      const stage = stageWith({}, {}, { retry: { ...RETRY, on: ['reset'] } });
      stage.run(new FakeInbound({ method }));
      stage.forwarder.last.to.failed({ reason: 'reset', detail: '', sent: true });
      mock.timers.tick(0);
      assert.equal(stage.forwarder.calls.length, calls, method);
    }
    mock.timers.reset();
  });

  const busy = { reason: 'busy', detail: '', sent: false, retryAfter: 3200 } as const;

  test('a queue for a connection that is full is 503 with the time expected, and nothing to the breaker', () => {
    const stage = stageWith({}, {}, { breaker: { ...BREAKER, minRequests: 1 }, retry: null });
    for (let i = 0; i < 3; i++) {
      const inbound = new FakeInbound({ method: 'POST' });
      stage.run(inbound);
      stage.forwarder.last.to.failed(busy);
      assert.equal(inbound.status, 503);
      assert.match(inbound.replyBody, /UPSTREAM_BUSY/);
      assert.equal(inbound.replyFields.get('retry-after'), '4');
      assert.equal(inbound.replyFields.get('x-should-retry'), undefined);
      assert.equal(stage.forwarder.last.request.endpoint.name, 'a');
    }
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'busy' }), 3);
  });

  test('a POST that got no connection goes to another endpoint, without a budget, and to each only once', () => {
    mock.timers.enable({ apis: ['setImmediate'] });
    const stage = stageWith({}, {}, { retry: { ...RETRY, attempts: 9, on: ['busy'], budget: 0 } });
    for (let i = 0; i < 20; i++) {
      const inbound = new FakeInbound({ method: 'POST' });
      stage.run(inbound);
      stage.forwarder.last.to.failed(busy);
      mock.timers.tick(0);
      assert.equal(stage.forwarder.last.request.endpoint.name, 'b');
      stage.forwarder.last.to.failed(busy);
      mock.timers.tick(10_000);
      assert.deepEqual(inbound.log, ['reply 503']);
      assert.equal(inbound.replyFields.get('retry-after'), '4');
    }
    assert.equal(stage.forwarder.calls.length, 40);
    mock.timers.reset();
  });

  test('where the time for all attempts ends in the line, the endpoint has nothing to do with it', () => {
    const stage = stageWith({}, {}, { breaker: { ...BREAKER, minRequests: 1 } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.forwarder.last.inLine = busy;
    stage.clock += 10_100;
    stage.wheel.advance(stage.clock);
    assert.equal(inbound.status, 503);
    assert.equal(inbound.replyFields.get('retry-after'), '4');
    assert.ok(stage.forwarder.last.cancelled);
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'timeout' }), 0);
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'busy' }), 1);
    stage.run(new FakeInbound());
    assert.equal(stage.forwarder.last.request.endpoint.name, 'a', 'its breaker is closed');
  });

  test('the time for all attempts together ends them', () => {
    const stage = new Stage(planOf());
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.clock += 10_100;
    stage.wheel.advance(stage.clock);
    assert.equal(inbound.status, 504);
    assert.ok(stage.forwarder.last.cancelled);
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'timeout' }), 1);
  });
});

describe('breakers', () => {
  const failing = (stage: Stage, status: number) => {
    const inbound = new FakeInbound();
    stage.run(inbound);
    answer(stage, status, '');
    inbound.events.done(0);
    return stage.forwarder.last.request.endpoint.name;
  };
  const names = (stage: Stage) => stage.forwarder.calls.map((call) => call.request.endpoint.name);

  test('an open one sends requests to the next endpoint; none left is 503 with Retry-After', () => {
    const stage = stageWith({}, {}, { breaker: BREAKER });
    for (let i = 0; i < 4; i++) failing(stage, 500);
    assert.deepEqual(names(stage), ['a', 'a', 'b', 'b']);
    const inbound = new FakeInbound();
    stage.run(inbound);
    assert.equal(inbound.status, 503);
    assert.equal(inbound.replyFields.get('retry-after'), '5');
    assert.match(inbound.replyBody, /NO_ENDPOINT/);
  });

  test('anthropic routes say 529 overloaded_error', () => {
    const stage = stageWith({}, { protocol: 'anthropic' }, { breaker: BREAKER });
    for (let i = 0; i < 4; i++) failing(stage, 500);
    const inbound = new FakeInbound();
    stage.run(inbound);
    assert.equal(inbound.status, 529);
    assert.equal(JSON.parse(inbound.replyBody).error.type, 'overloaded_error');
    assert.ok(inbound.replyFields.get('request-id'));
  });

  test('4xx and the client’s own abort do not count; a reply that dies in the middle does', () => {
    const stage = stageWith({}, {}, { breaker: BREAKER });
    for (let i = 0; i < 5; i++) failing(stage, 404);
    for (let i = 0; i < 5; i++) {
      const inbound = new FakeInbound();
      stage.run(inbound);
      inbound.events.gone();
      assert.ok(stage.forwarder.last.cancelled);
    }
    assert.equal(failing(stage, 200), 'a');
    for (let i = 0; i < 6; i++) {
      stage.run(new FakeInbound());
      stage.forwarder.last.to.head(200, Fields.empty(), -1);
      stage.forwarder.last.to.data(Buffer.from('x'));
      stage.forwarder.last.to.failed({ reason: 'truncated', detail: '', sent: true });
    }
    assert.equal(failing(stage, 200), 'b');
  });

  test('a probe that streams closes it at its head; a truncation counts as any other, once', () => {
    const stage = stageWith({}, {}, { breaker: BREAKER, endpoints: [upstreamPlan('up').endpoints[0]] });
    const status = () => {
      const inbound = new FakeInbound();
      stage.run(inbound);
      const { status } = inbound;
      if (status === 0) inbound.events.gone();
      return status;
    };
    failing(stage, 500);
    failing(stage, 500);
    stage.clock += 5001;
    stage.run(new FakeInbound());
    const probe = stage.forwarder.last;
    const refused = new FakeInbound();
    stage.run(refused);
    assert.equal(refused.status, 503);
    assert.equal(refused.replyFields.get('retry-after'), '1', 'when a probe is expected to be answered');
    probe.to.head(200, Fields.from(['content-type', 'text/event-stream']), -1);
    assert.equal(status(), 0, 'the next request goes through');
    probe.to.failed({ reason: 'truncated', detail: '', sent: true });
    assert.equal(status(), 0, 'one failure is too few');
    failing(stage, 500);
    assert.equal(status(), 503, 'two of two');
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'truncated' }), 1);
  });

  test('a probe whose status is a failure opens it at the head, whoever reads the body', () => {
    const stage = stageWith({}, {}, { breaker: BREAKER, endpoints: [upstreamPlan('up').endpoints[0]] });
    failing(stage, 500);
    failing(stage, 500);
    stage.clock += 5001;
    const prober = new FakeInbound();
    stage.run(prober);
    stage.forwarder.last.to.head(500, Fields.empty(), -1);
    prober.events.gone();
    const next = new FakeInbound();
    stage.run(next);
    assert.equal(next.status, 503);
    assert.equal(next.replyFields.get('retry-after'), '5');
  });

  test('a probe whose client leaves gives its place back', () => {
    const stage = stageWith({}, {}, { breaker: BREAKER, endpoints: [upstreamPlan('up').endpoints[0]] });
    failing(stage, 500);
    failing(stage, 500);
    stage.clock += 5001;
    const prober = new FakeInbound();
    stage.run(prober);
    assert.equal(stage.forwarder.calls.length, 3);
    const second = new FakeInbound();
    stage.run(second);
    assert.equal(second.status, 503);
    prober.events.gone();
    stage.run(new FakeInbound());
    assert.equal(stage.forwarder.calls.length, 4);
  });
});

describe('what latency learns of', () => {
  const chosen = (stage: Stage, took: number, status = 200, waited = false): string => {
    const inbound = new FakeInbound();
    stage.run(inbound);
    const call = stage.forwarder.last;
    call.waited = waited;
    stage.clock += took;
    answer(stage, status, '');
    inbound.events.done(0);
    return call.request.endpoint.name;
  };
  const many = (stage: Stage, times: number, took: (name: string) => [number, number?, boolean?]) => {
    const picks: Record<string, number> = { a: 0, b: 0 };
    for (let i = 0; i < times; i++) {
      stage.clock += 100;
      const before = stage.clock;
      const inbound = new FakeInbound();
      stage.run(inbound);
      const call = stage.forwarder.last;
      const { name } = call.request.endpoint;
      const [ms, status = 200, waited = false] = took(name);
      call.waited = waited;
      stage.clock = before + ms;
      answer(stage, status, '');
      inbound.events.done(0);
      picks[name]!++;
    }
    return picks;
  };

  test('a first connection is not held against an endpoint', () => {
    const stage = stageWith({}, {}, { choose: ['latency'] });
    assert.equal(chosen(stage, 400, 200, true), 'a');
    assert.equal(chosen(stage, 20), 'b', 'not tried yet');
    assert.equal(chosen(stage, 5), 'a', 'again, on the connection that is kept now');
    const picks = many(stage, 500, (name) => [name === 'a' ? 5 : 20]);
    assert.ok(picks.b! <= 1, `b got ${picks.b}`);
  });

  test('fast refusals and failures draw no requests', () => {
    for (const status of [400, 401, 404, 429, 500, 503]) {
      let turn = 0;
      const random = () => (turn++ % 2) / 2;
      const stage = stageWith({}, {}, { choose: ['latency'] }, { random });
      assert.equal(chosen(stage, 1, status), 'a');
      const picks = many(stage, 500, (name) => (name === 'a' ? [1, status] : [50]));
      assert.ok(picks.a! <= 12, `${status}: ${picks.a} of 500`);
    }
  });

  test('one that is never answered in time loses its requests, though its clients leave', () => {
    const stage = stageWith({}, {}, { choose: ['latency'] });
    chosen(stage, 5);
    chosen(stage, 50);
    many(stage, 20, (name) => [name === 'a' ? 5 : 50]);
    stage.clock += 60_001;
    const names: string[] = [];
    for (let i = 0; i < 60; i++) {
      stage.clock += 100;
      const inbound = new FakeInbound();
      stage.run(inbound);
      const { name } = stage.forwarder.last.request.endpoint;
      names.push(name);
      if (name === 'b') answer(stage, 200, '');
      inbound.events.gone();
    }
    assert.deepEqual(new Set(names.slice(-20)), new Set(['b']));
  });
});

describe('streams', () => {
  test('back-pressure reaches the upstream and lets go of it', () => {
    const stage = new Stage(planOf());
    const inbound = new FakeInbound();
    stage.run(inbound);
    const call = stage.forwarder.last;
    call.to.head(200, Fields.empty(), -1);
    inbound.accepts = false;
    call.to.data(Buffer.from('x'));
    assert.ok(call.paused);
    inbound.events.drained();
    assert.ok(!call.paused);
  });

  test('a broken event stream ends with an error event between events, and never cleanly', () => {
    for (const [chunk, length, ends] of [
      ['event: ping\ndata: {}\n\n', -1, true],
      ['event: ping\ndata: {"a', -1, false],
      // An event as long as what is missing would make the reply whole.
      ['event: ping\ndata: {}\n\n', 1000, false],
    ] as const) {
      const stage = stageWith({}, { protocol: 'anthropic' });
      const inbound = new FakeInbound();
      stage.run(inbound);
      const { to } = stage.forwarder.last;
      to.head(200, Fields.from(['content-type', 'text/event-stream']), length);
      to.data(Buffer.from(chunk));
      to.failed({ reason: 'truncated', detail: '', sent: true });
      assert.equal(inbound.log.at(-1), 'destroy');
      assert.ok(!inbound.log.includes('end'));
      assert.equal(inbound.replyBody.includes('event: error'), ends);
    }
  });

  test('a client that leaves cancels the attempt, or lets it drain where the route says so', () => {
    const cancels = new Stage(planOf());
    const first = new FakeInbound();
    cancels.run(first);
    cancels.forwarder.last.to.head(200, Fields.empty(), -1);
    first.events.gone();
    assert.ok(cancels.forwarder.last.cancelled);
    assert.equal(cancels.core.inFlight, 0);

    const drains = stageWith({}, { onDisconnect: { action: 'drain', for: 1000 } });
    const second = new FakeInbound();
    drains.run(second);
    drains.forwarder.last.to.head(200, Fields.empty(), -1);
    second.events.gone();
    assert.ok(!drains.forwarder.last.cancelled);
    drains.forwarder.last.to.data(Buffer.from('x'));
    drains.forwarder.last.to.end(null);
    assert.equal(drains.core.inFlight, 0);
    assert.equal(drains.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'ok' }), 1);
    assert.ok(!second.log.includes('write x'));
  });

  test('a drain ends where nothing more is wanted of the upstream', async () => {
    const replacing: Hooks = { reply: async (_x, reply) => ({ ...reply, body: 'mine' }) };
    const stage = stageWith({ replacing }, { onDisconnect: { action: 'drain', for: 1000 } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.forwarder.last.to.head(200, Fields.empty(), -1);
    inbound.events.gone();
    await new Promise(setImmediate);
    assert.ok(stage.forwarder.last.cancelled);
    assert.equal(stage.core.inFlight + stage.wheel.size, 0);
    assert.equal(stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome: 'ok' }), 1);
    assert.deepEqual(inbound.log, []);
  });

  test('a request whose body did not come whole is not drained', () => {
    const stage = stageWith({}, { onDisconnect: { action: 'drain', for: 1000 } });
    const inbound = new FakeInbound({ method: 'POST', bodyLength: -1 });
    stage.run(inbound);
    stage.forwarder.last.to.sendMore();
    inbound.events.bodyData(Buffer.from('half'));
    inbound.events.gone();
    assert.ok(stage.forwarder.last.cancelled);
    assert.equal(stage.core.inFlight, 0);
  });

  test('a drain has an end', () => {
    const stage = stageWith({}, { onDisconnect: { action: 'drain', for: 1000 } });
    const inbound = new FakeInbound();
    stage.run(inbound);
    inbound.events.gone();
    stage.clock += 1100;
    stage.wheel.advance(stage.clock);
    assert.ok(stage.forwarder.last.cancelled);
    assert.equal(stage.core.inFlight, 0);
  });

  test('a client too slow for the total time, and a reply too long for it, are not the endpoint’s failure', () => {
    const outcomes = (slow: 'sending' | 'reading' | 'streaming' | 'neither') => {
      const stage = stageWith(
        {},
        {},
        { endpoints: [endpointPlan('up', 'a')], breaker: { ...BREAKER, minRequests: 1 } },
      );
      const inbound = new FakeInbound({ method: 'POST', bodyLength: -1 });
      stage.run(inbound);
      const { to } = stage.forwarder.last;
      to.sendMore();
      inbound.events.bodyData(Buffer.from('some'));
      if (slow !== 'sending') inbound.events.bodyEnd(null);
      if (slow === 'reading' || slow === 'streaming') {
        inbound.accepts = slow === 'streaming';
        to.head(200, Fields.empty(), -1);
        to.data(Buffer.from('much'));
      }
      stage.clock += 10_100;
      stage.wheel.advance(stage.clock);
      assert.ok(stage.forwarder.last.cancelled);
      const { breaker } = stage.core.generation.rules.upstreams.get('up')!.endpoints[0]!;
      const count = (outcome: string) => stage.counter(OUTCOME, { upstream: 'up', endpoint: 'up/a', outcome });
      return [inbound.log.at(-1), count('timeout'), count('aborted'), breaker?.state(stage.clock)];
    };
    assert.deepEqual(outcomes('sending'), ['reply 408', 0, 1, 'closed']);
    assert.deepEqual(outcomes('reading'), ['destroy', 0, 1, 'closed']);
    assert.deepEqual(outcomes('streaming'), ['destroy', 0, 1, 'closed']);
    assert.deepEqual(outcomes('neither'), ['reply 504', 1, 0, 'open']);
  });

  test('1xx answers pass on', () => {
    const stage = new Stage(planOf());
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.forwarder.last.to.informed(103, Fields.from(['link', '</x>']));
    answer(stage);
    assert.deepEqual(inbound.log, ['inform 103', 'head 200', 'write hello', 'end']);
  });
});

describe('errors: map', () => {
  const mapped = (status: number, type: string, body: string) => {
    const stage = stageWith({}, { errors: 'map' });
    const inbound = new FakeInbound();
    stage.run(inbound);
    const { to } = stage.forwarder.last;
    to.head(status, Fields.from(['content-type', type, 'etag', '"x"']), body.length);
    to.data(Buffer.from(body));
    to.end(null);
    return inbound;
  };

  test('an error page becomes JSON with a code', () => {
    for (const [status, code] of [
      [400, 'BAD_REQUEST'],
      [401, 'UNAUTHORIZED'],
      [429, 'TOO_MANY_REQUESTS'],
      [500, 'INTERNAL_SERVER_ERROR'],
      [418, 'UNKNOWN_ERROR'],
      [503, 'UNKNOWN_ERROR'],
    ] as const) {
      const inbound = mapped(status, 'text/html', '<h1>no</h1>');
      assert.equal(inbound.status, status);
      assert.equal(JSON.parse(inbound.replyBody).code, code);
      assert.equal(inbound.replyFields.get('etag'), undefined);
    }
  });

  test('what is JSON already stays, whatever it calls itself', () => {
    assert.equal(mapped(500, 'application/json', '{"e":1}').replyBody, '{"e":1}');
    assert.equal(mapped(500, 'text/plain', '{"e":1}').replyBody, '{"e":1}');
    assert.equal(mapped(200, 'text/html', '<p>').replyBody, '<p>');
  });

  test('a long page is not waited for', () => {
    const stage = stageWith({}, { errors: 'map' });
    const inbound = new FakeInbound();
    stage.run(inbound);
    stage.forwarder.last.to.head(500, Fields.empty(), -1);
    stage.forwarder.last.to.data(Buffer.alloc(70_000));
    assert.ok(stage.forwarder.last.cancelled);
    assert.match(inbound.replyBody, /INTERNAL_SERVER_ERROR/);
  });
});

describe('reloads', () => {
  test('a request keeps the rules it arrived under; the old set goes when its last request ends', () => {
    const stage = new Stage(planOf({ revision: 'old' }));
    const inbound = new FakeInbound();
    const x = stage.run(inbound);
    stage.core.commit(stage.generation(planOf({ revision: 'new' })));
    assert.equal(x.revision, 'old');
    assert.equal(stage.disposed, 0);
    assert.equal(stage.run(new FakeInbound()).revision, 'new');
    stage.forwarder.calls[0]!.to.head(200, Fields.empty(), 0);
    stage.forwarder.calls[0]!.to.end(null);
    inbound.events.done(0);
    assert.equal(stage.disposed, 1);
  });
});
