/** One TLS listener, two protocols: ALPN says which (RFC 7301), and the exchange sees no difference. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { Fields } from '../../src/fields/fields.ts';
import type { Inbound, InboundEvents } from '../../src/types/transport.ts';

const read = (end: string) => readFileSync(new URL(`../tools/tls/first.${end}`, import.meta.url), 'utf8');
const CA = { ca: read('pem'), servername: 'first.test', checkServerIdentity: () => undefined };

/** Answers with what it saw. */
class Echo implements InboundEvents {
  constructor(inbound: Inbound) {
    inbound.events = this;
    const { version, secure, headers } = inbound;
    const host = headers.get('host');
    inbound.reply(200, Fields.from(['content-type', 'text/plain']), `${version} ${secure} ${host}`, false);
  }
  bodyData(): void {}
  bodyEnd(): void {}
  bodyFailed(): void {}
  drained(): void {}
  gone(): void {}
  shutDown(): void {}
  done(): void {}
}

let edge: Http1Edge;
let authority: string;

before(async () => {
  edge = new Http1Edge(
    {
      host: '127.0.0.1',
      port: 0,
      reusePort: false,
      tls: { minVersion: 'TLSv1.2', certificates: [{ cert: read('pem'), key: read('key') }] },
      headerSize: 16_384,
      headerTimeout: 10_000,
      requestTimeout: 10_000,
      idleTimeout: 10_000,
      connections: 100,
    },
    (inbound) => new Echo(inbound),
  );
  await edge.listen();
  authority = `127.0.0.1:${edge.address.port}`;
});
after(() => edge.close());

async function overHttp2(): Promise<{ text: string; session: http2.ClientHttp2Session }> {
  const session = http2.connect(`https://${authority}`, CA);
  const stream = session.request({ ':path': '/', ':authority': authority });
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return { text, session };
}

describe('a TLS listener', () => {
  test('speaks HTTP/1.1 with those who do', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      request(`https://${authority}/`, { ...CA, agent: false }, (reply) => {
        let body = '';
        reply.setEncoding('utf8').on('data', (chunk) => (body += chunk));
        reply.on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });
    assert.equal(text, `1.1 true ${authority}`);
  });

  test('speaks HTTP/2 with those who would rather', async () => {
    const { text, session } = await overHttp2();
    assert.equal(text, `2 true ${authority}`);
    assert.equal(edge.connections, 1);
    session.close();
    await once(session, 'close');
  });

  test('ends its HTTP/2 connections when it drains', async () => {
    const { session } = await overHttp2();
    const closed = once(session, 'close');
    edge.drain(0);
    await closed;
    await edge.close();
    assert.equal(edge.connections, 0);
  });
});
