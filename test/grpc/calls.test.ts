/** gRPC through Weir: the four kinds of call, whole and in both directions at once, over either kind of upstream. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { Relay } from './relay.ts';
import { type Message, outcome, type ProbeClient, Service, unary, upload } from './service.ts';

const BIG = Buffer.alloc(3 << 20, Buffer.from([0, 255, 128, 10, 13]));

let relay: Relay;
const services: Record<'plain' | 'tls', Service> = Object.create(null);

before(async () => {
  services.plain = await Service.start(false);
  services.tls = await Service.start(true);
  const upstream = ({ url }: Service) => ({ pool: { http2: true }, endpoints: { only: { url } } });
  relay = await Relay.start({
    upstreams: { plain: upstream(services.plain), tls: upstream(services.tls) },
    routes: { tls: { match: { host: 'tls.test' }, to: 'tls' }, plain: { to: 'plain' } },
  });
});
after(async () => {
  await relay?.stop();
  for (const service of Object.values(services)) service.stop();
});

for (const kind of ['plain', 'tls'] as const)
  describe(`gRPC with an upstream over ${kind === 'tls' ? 'TLS' : 'plain HTTP/2'}`, () => {
    let client: ProbeClient;
    let service: Service;
    before(() => {
      client = relay.client({ 'grpc.default_authority': `${kind}.test` });
      service = services[kind];
    });
    beforeEach(() => service.reset());

    test('a unary call', async () => {
      service.on.unary = (call, answer) => answer(null, { text: `${call.request.text}!` });
      const { code, answers } = await unary(client, { text: 'hello' });
      assert.deepEqual([code, answers], [status.OK, [{ text: 'hello!' }]]);
    });

    test('client streaming: every message arrives, then one answer comes', async () => {
      service.on.upload = (call, answer) => {
        const got: string[] = [];
        call.on('data', ({ text }: Message) => got.push(text!));
        call.on('end', () => answer(null, { text: got.join() }));
      };
      const { call, outcome } = upload(client);
      for (const text of ['a', 'b', 'c']) call.write({ text });
      call.end();
      const { code, answers } = await outcome;
      assert.deepEqual([code, answers], [status.OK, [{ text: 'a,b,c' }]]);
    });

    test('server streaming: messages come as they are sent', async () => {
      let go = () => {};
      service.on.download = (call) => {
        call.write({ text: 'first' });
        go = () => {
          call.write({ text: 'last' });
          call.end();
        };
      };
      const call = client.download({});
      const result = outcome(call);
      const [first] = await once(call, 'data');
      assert.equal(first.text, 'first');
      go();
      assert.deepEqual((await result).answers, [{ text: 'first' }, { text: 'last' }]);
    });

    test('bidirectional: each side answers the other, one message at a time', async () => {
      service.on.chat = (call) => {
        call.on('data', ({ text }: Message) => call.write({ text: `${text}!` }));
        call.on('end', () => call.end());
      };
      const call = client.chat();
      const result = outcome(call);
      for (let i = 0; i < 20; i++) {
        call.write({ text: String(i) });
        const [{ text }] = await once(call, 'data');
        assert.equal(text, `${i}!`);
      }
      call.end();
      assert.deepEqual([(await result).code, (await result).answers.length], [status.OK, 20]);
    });

    test('bidirectional: the service speaks first, and ends while the client does not', async () => {
      service.on.chat = (call) => {
        call.write({ text: 'hello' });
        call.end();
      };
      const { code, answers } = await outcome(client.chat());
      assert.deepEqual([code, answers], [status.OK, [{ text: 'hello' }]]);
    });

    test('metadata both ways: text, binary, repeated; at the start and at the end', async () => {
      const seen: Metadata[] = [];
      service.on.unary = (call, answer) => {
        seen.push(call.metadata);
        const initial = new Metadata();
        initial.set('x-first', 'début'.normalize('NFD').replace(/[^ -~]/g, ''));
        initial.set('first-bin', Buffer.from([0, 1, 254, 255]));
        call.sendMetadata(initial);
        const trailing = new Metadata();
        trailing.add('x-last', 'one');
        trailing.add('x-last', 'two');
        trailing.set('last-bin', Buffer.from([255, 0]));
        answer(null, {}, trailing);
      };
      const metadata = new Metadata();
      metadata.add('x-asked', 'a');
      metadata.add('x-asked', 'b');
      metadata.set('asked-bin', Buffer.from([128, 13, 10, 0]));
      const { code, initial, trailing } = await unary(client, {}, { metadata });
      assert.equal(code, status.OK);
      assert.equal(seen[0]!.get('x-asked').join(), 'a, b');
      assert.deepEqual(seen[0]!.get('asked-bin'), [Buffer.from([128, 13, 10, 0])]);
      assert.deepEqual(initial!.get('x-first'), ['debut']);
      assert.deepEqual(initial!.get('first-bin'), [Buffer.from([0, 1, 254, 255])]);
      assert.deepEqual(trailing.get('x-last').join(), 'one, two');
      assert.deepEqual(trailing.get('last-bin'), [Buffer.from([255, 0])]);
    });

    test('3 MB up and 3 MB down in one message, and in a stream of them', async () => {
      service.on.unary = (call, answer) => answer(null, { blob: call.request.blob! });
      const { code, answers } = await unary(client, { blob: BIG });
      assert.equal(code, status.OK);
      assert.ok(answers[0]!.blob!.equals(BIG));
      service.on.chat = (call) => {
        call.on('data', ({ blob }: Message) => call.write({ blob: blob! }));
        call.on('end', () => call.end());
      };
      const call = client.chat();
      const result = outcome(call);
      for (let i = 0; i < 4; i++) call.write({ blob: BIG });
      call.end();
      assert.deepEqual(
        (await result).answers.map(({ blob }) => blob!.equals(BIG)),
        [true, true, true, true],
      );
    });

    test('300 calls at once on one connection', async () => {
      service.on.unary = (call, answer) => setImmediate(() => answer(null, { text: call.request.text! }));
      const calls = Array.from({ length: 300 }, (_, i) => unary(client, { text: `n${i}` }));
      const results = await Promise.all(calls);
      assert.deepEqual(
        results.map(({ answers }) => answers[0]?.text),
        results.map((_, i) => `n${i}`),
      );
    });
  });
