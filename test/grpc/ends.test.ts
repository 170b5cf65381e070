/** How gRPC calls end through Weir: errors of the service, deadlines, cancels, and connections that break. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { Relay } from './relay.ts';
import { type Message, outcome, type ProbeClient, Service, unary, upload } from './service.ts';

let relay: Relay;
let service: Service;
let client: ProbeClient;

before(async () => {
  service = await Service.start();
  const endpoints = { only: { url: service.url } };
  relay = await Relay.start(
    {
      upstreams: {
        up: { pool: { http2: true }, endpoints },
        hasty: { pool: { http2: true }, endpoints, timeouts: { firstByte: '200ms', idle: '200ms' } },
      },
      routes: { hasty: { match: { host: 'hasty.test' }, to: 'hasty' }, all: { to: 'up' } },
    },
    { requestTimeout: '1s' },
  );
  client = relay.client();
});
after(async () => {
  await relay?.stop();
  service?.stop();
});
beforeEach(() => service.reset());

const trailing = () => {
  const metadata = new Metadata();
  metadata.set('x-why', 'because');
  metadata.set('why-bin', Buffer.from([0, 255]));
  return metadata;
};
const NOT_FOUND = () => ({ code: status.NOT_FOUND, details: 'no such thing: 100% – ü', metadata: trailing() });

function refused({ code, details, trailing }: Awaited<ReturnType<typeof outcome>>): void {
  assert.deepEqual([code, details], [status.NOT_FOUND, 'no such thing: 100% – ü']);
  assert.deepEqual(trailing.get('x-why'), ['because']);
  assert.deepEqual(trailing.get('why-bin'), [Buffer.from([0, 255])]);
}

test('an error at once is the service’s own, whatever the kind of call (Trailers-Only)', async () => {
  service.on.unary = (_call, answer) => answer(NOT_FOUND());
  service.on.upload = (_call, answer) => answer(NOT_FOUND());
  service.on.download = (call) => call.emit('error', NOT_FOUND());
  service.on.chat = (call) => call.emit('error', NOT_FOUND());
  refused(await unary(client, {}));
  refused(await outcome(client.download({})));
  refused(await outcome(client.chat()));
  const { call, outcome: uploaded } = upload(client);
  for (let i = 0; i < 5; i++) call.write({ blob: Buffer.alloc(100_000) });
  refused(await uploaded);
});

test('a method that the service does not have is UNIMPLEMENTED', async () => {
  assert.equal((await unary(client, {})).code, status.UNIMPLEMENTED);
});

test('an error behind messages comes with them', async () => {
  service.on.download = (call) => {
    for (const text of ['a', 'b']) call.write({ text });
    call.emit('error', NOT_FOUND());
  };
  const result = await outcome(client.download({}));
  refused(result);
  assert.deepEqual(result.answers, [{ text: 'a' }, { text: 'b' }]);
});

test('an error behind metadata alone', async () => {
  service.on.unary = (call, answer) => {
    call.sendMetadata(trailing());
    answer(NOT_FOUND());
  };
  refused(await unary(client, {}));
});

test('the client’s deadline ends the call for the service too', async () => {
  const cancelled = new Promise<void>((resolve) => {
    service.on.unary = (call) => call.on('cancelled', resolve);
  });
  const { code } = await unary(client, {}, { options: { deadline: Date.now() + 300 } });
  assert.equal(code, status.DEADLINE_EXCEEDED);
  await cancelled;
});

test('the deadline reaches the service as the client gave it', async () => {
  let deadline = 0;
  service.on.unary = (call, answer) => {
    deadline = Number(call.getDeadline());
    answer(null, {});
  };
  const given = Date.now() + 60_000;
  assert.equal((await unary(client, {}, { options: { deadline: given } })).code, status.OK);
  assert.ok(Math.abs(deadline - given) < 5000, `${deadline} for ${given}`);
});

test('a client that cancels: the service hears of it, before its reply and in the middle of it', async () => {
  for (const speaks of [false, true]) {
    const heard = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    service.on.chat = (call) => {
      call.on('cancelled', heard.resolve);
      call.on('data', () => {});
      if (speaks) call.write({ text: 'hello' });
      begun.resolve();
    };
    const call = client.chat();
    const result = outcome(call);
    call.write({ text: 'hi' });
    await begun.promise;
    if (speaks) await once(call, 'data');
    call.cancel();
    assert.equal((await result).code, status.CANCELLED);
    await heard.promise;
  }
});

test('a service that is too slow for the rules: UNAVAILABLE, and it hears of it', async () => {
  const cancelled = new Promise<void>((resolve) => {
    service.on.unary = (call) => call.on('cancelled', resolve);
  });
  const hasty = relay.client({ 'grpc.default_authority': 'hasty.test' });
  const { code, details } = await unary(hasty, {});
  assert.deepEqual([code, details], [status.UNAVAILABLE, 'The upstream did not answer in time.']);
  await cancelled;
});

test('a reply that stops: UNAVAILABLE behind the messages that came', async () => {
  service.on.download = (call) => call.write({ text: 'hello' });
  const hasty = relay.client({ 'grpc.default_authority': 'hasty.test' });
  const { code, answers } = await outcome(hasty.download({}));
  assert.deepEqual([code, answers], [status.UNAVAILABLE, [{ text: 'hello' }]]);
});

test('a service that dies in the middle: UNAVAILABLE behind the messages that came', async () => {
  const mortal = await Service.start();
  const through = await Relay.start({
    upstreams: { up: { pool: { http2: true }, endpoints: { only: { url: mortal.url } } } },
    routes: { all: { to: 'up' } },
  });
  try {
    mortal.on.download = (call) => call.write({ text: 'hello' });
    const call = through.client().download({});
    const result = outcome(call);
    await once(call, 'data');
    mortal.stop();
    const { code, answers, details } = await result;
    assert.deepEqual([code, answers], [status.UNAVAILABLE, [{ text: 'hello' }]]);
    assert.equal(details, 'The upstream closed the connection early.');
    const record = await through.weir.record((one) => one.path === '/weir.test.Probe/Download');
    assert.equal(record.code, 'UPSTREAM_RESET');
    assert.equal((await unary(through.client(), {})).code, status.UNAVAILABLE, 'nobody is there any more');
  } finally {
    await through.stop();
    mortal.stop();
  }
});

test('a call in both directions outlives the time that a request may take to arrive', async () => {
  service.on.chat = (call) => {
    call.write({ text: 'begun' });
    call.on('data', ({ text }: Message) => call.write({ text: `${text}!` }));
    call.on('end', () => call.end());
  };
  const call = client.chat();
  const result = outcome(call);
  await once(call, 'data');
  // Twice `requestTimeout`, in which the client says nothing.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  call.write({ text: 'late' });
  const [{ text }] = await once(call, 'data');
  assert.equal(text, 'late!');
  call.end();
  assert.equal((await result).code, status.OK);
});
