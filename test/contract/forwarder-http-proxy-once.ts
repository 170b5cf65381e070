/** One request through http-proxy, printed: run by forwarder-http-proxy.test.ts in a process that throws on deprecations. */
import { createHttpProxyForwarder } from '../../src/forwarders/http-proxy/index.ts';
import { RawUpstream, Recorder, requestTo } from './forwarder-upstream.ts';

const upstream = await RawUpstream.listen();
const pool = {
  connections: 2,
  queue: { max: 1000, wait: 30_000 },
  idle: 10_000,
  connect: 10_000,
  tlsHandshake: 10_000,
  http2: false,
};
const forwarder = createHttpProxyForwarder({ pool, now: Date.now });
const to = new Recorder();
forwarder.send(requestTo(upstream.endpoint, { target: '/a?b=c', body: Buffer.from('hello') }), to);
const connection = await upstream.accept();
const { body } = await connection.request();
connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
await to.done();
process.stdout.write(`${to.status} ${to.body}\n`);
await forwarder.close();
upstream.close();
