/** Contract: certificates by name, their exchange, versions, and what is not TLS. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ConnectionOptions, getCiphers, type TLSSocket } from 'node:tls';
import { Fields } from '../../src/fields/fields.ts';
import type { CertificatePairs } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import type { Bench, Declare } from './edge.ts';

const GET = 'GET / HTTP/1.1\r\nHost: weir.test\r\n\r\n';

function pair(name: string): CertificatePairs[number] {
  const read = (end: string) => readFileSync(new URL(`../tools/tls/${name}.${end}`, import.meta.url), 'utf8');
  return { cert: read('pem'), key: read('key') };
}

const CERTIFICATES = [pair('first'), pair('wildcard'), pair('exact')];
const TLS = { minVersion: 'TLSv1.2', certificates: CERTIFICATES } as const;

/** Common name of the certificate shown to a client. */
async function shown(bench: Bench, options: ConnectionOptions): Promise<string> {
  const client = await bench.tlsClient(options);
  assert.equal(client.error, '');
  const name = String((client.socket as TLSSocket).getPeerCertificate().subject.CN);
  client.close();
  return name.replace('weir test ', '');
}

/** How often in a row, of thirty, the edge makes another handshake on an open connection. */
async function renegotiations(socket: TLSSocket): Promise<number> {
  for (let made = 0; made < 30; made++) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const closed = () => resolve(false);
    socket.once('close', closed);
    socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error === null));
    if (!(await promise)) return made;
    socket.off('close', closed);
  }
  return 30;
}

export function tlsTests(declare: Declare): void {
  declare('TLS: requests are secure, streams work, remote addresses are known', async (bench) => {
    await bench.listen({ tls: TLS });
    bench.onCall = (call) => call.ok(`${call.inbound.secure} ${call.inbound.remoteAddress}`);
    const client = await bench.tlsClient({ servername: 'first.example' });
    client.send(GET + GET);
    assert.equal((await client.reply()).body, 'true 127.0.0.1');
    assert.equal((await client.reply()).body, 'true 127.0.0.1');
    bench.onCall = (call) => call.inbound.reply(200, Fields.empty(), Buffer.alloc(2_000_000, 'x'), true);
    client.send(GET);
    assert.equal((await client.reply()).body.length, 2_000_000);
    await client.over(1500);
    assert.equal(client.error, '');
  });

  declare('TLS: a client that closes is gone', async (bench) => {
    await bench.listen({ tls: TLS });
    const client = await bench.tlsClient();
    client.send(GET);
    const call = await bench.call();
    client.close();
    assert.equal(await call.finished(), 'gone');
  });

  declare('TLS: the certificate is chosen by name: exact, then wildcard, then the first', async (bench) => {
    await bench.listen({ tls: TLS });
    const names = [
      'first.example',
      'exact.wild.example',
      'EXACT.wild.example',
      'other.example',
      'a.wild.example',
      'a.b.wild.example',
      'wild.example',
      'unknown.test',
    ];
    const found: string[] = [];
    for (const servername of names) found.push(await shown(bench, { servername }));
    assert.deepEqual(found, ['first', 'exact', 'exact', 'exact', 'wildcard', 'first', 'first', 'first']);
    assert.equal(await shown(bench, {}), 'first');
  });

  declare('TLS: new certificates are for new handshakes; open connections go on', async (bench) => {
    await bench.listen({ tls: TLS });
    bench.onCall = (call) => call.ok();
    const open = await bench.tlsClient({ servername: 'first.example' });
    bench.edge.useCertificates([pair('next')]);
    assert.equal(await shown(bench, { servername: 'first.example' }), 'next');
    assert.equal(await shown(bench, { servername: 'exact.wild.example' }), 'next');
    assert.equal(await shown(bench, {}), 'next');
    open.send(GET);
    assert.equal((await open.reply()).status, 200);
  });

  declare('TLS: a pair that does not fit is refused, and the old ones stay', async (bench) => {
    await bench.listen({ tls: TLS });
    const wrong = { cert: CERTIFICATES[0]!.cert, key: CERTIFICATES[1]!.key };
    assert.throws(() => bench.edge.useCertificates([wrong]));
    assert.throws(() => bench.edge.useCertificates([pair('next'), { cert: 'no PEM', key: 'none' }]));
    assert.equal(await shown(bench, { servername: 'first.example' }), 'first');
    assert.equal(await shown(bench, {}), 'first');
  });

  declare('TLS: minVersion is enforced, for every name and after an exchange', async (bench) => {
    await bench.listen({ tls: { ...TLS, minVersion: 'TLSv1.3' } });
    const old = async (servername?: string) => (await bench.tlsClient({ servername, maxVersion: 'TLSv1.2' })).error;
    for (const servername of [undefined, 'first.example', 'a.wild.example']) assert.notEqual(await old(servername), '');
    bench.edge.useCertificates([pair('next')]);
    for (const servername of [undefined, 'first.example']) assert.notEqual(await old(servername), '');
    assert.equal(await shown(bench, { servername: 'first.example' }), 'next');
  });

  declare('TLS 1.2 is taken where it is allowed, 1.1 is not', async (bench) => {
    await bench.listen({ tls: TLS });
    assert.equal(await shown(bench, { maxVersion: 'TLSv1.2' }), 'first');
    const ancient = await bench.tlsClient({
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    assert.notEqual(ancient.error, '');
  });

  declare(
    'TLS 1.2: renegotiation is refused, for every name and after an exchange (RFC 5246 §7.2.2)',
    async (bench) => {
      await bench.listen({ tls: TLS });
      bench.onCall = (call) => call.ok();
      const ask = async (servername?: string) => {
        const client = await bench.tlsClient({ servername, maxVersion: 'TLSv1.2' });
        client.send(GET);
        assert.equal((await client.reply()).status, 200);
        const made = await renegotiations(client.socket as TLSSocket);
        await until(() => bench.edge.connections === 0, 'the connection to end');
        return made;
      };
      for (const servername of [undefined, 'first.example', 'a.wild.example']) assert.equal(await ask(servername), 0);
      bench.edge.useCertificates([pair('next')]);
      for (const servername of [undefined, 'first.example']) assert.equal(await ask(servername), 0);
    },
  );

  declare('TLS: a request whose connection breaks inside TLS is gone at once', async (bench) => {
    await bench.listen({ tls: TLS });
    const client = await bench.tlsClient({ maxVersion: 'TLSv1.2' });
    client.send(GET);
    const call = await bench.call();
    // The refusal of another handshake makes this client send a fatal alert.
    (client.socket as TLSSocket).renegotiate({ rejectUnauthorized: false }, () => {});
    assert.equal(await call.finished(), 'gone');
  });

  declare('TLS 1.2: only suites with forward secrecy and AEAD are taken (RFC 9325 §4.2)', async (bench) => {
    await bench.listen({ tls: TLS });
    const taken = async (servername?: string) => {
      const found: string[] = [];
      for (const name of getCiphers().filter((name) => !name.startsWith('tls_'))) {
        const ciphers = `${name.toUpperCase()}:@SECLEVEL=0`;
        const client = await bench.tlsClient({ servername, maxVersion: 'TLSv1.2', ciphers });
        if (client.error === '') found.push(name);
        client.close();
      }
      return found.sort();
    };
    // The rest of the list is for certificates with an RSA key, which these are not.
    const AEAD = ['ecdhe-ecdsa-aes128-gcm-sha256', 'ecdhe-ecdsa-aes256-gcm-sha384', 'ecdhe-ecdsa-chacha20-poly1305'];
    for (const servername of [undefined, 'a.wild.example']) assert.deepEqual(await taken(servername), AEAD);
    bench.edge.useCertificates([pair('next')]);
    assert.deepEqual(await taken(), AEAD);
  });

  declare('TLS 1.3: each of its suites is taken', async (bench) => {
    await bench.listen({ tls: TLS });
    for (const ciphers of ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']) {
      const client = await bench.tlsClient({ minVersion: 'TLSv1.3', ciphers });
      assert.equal(client.error, '');
      assert.equal((client.socket as TLSSocket).getCipher().name, ciphers);
    }
  });

  declare('TLS: HTTP/1.1 is the protocol, also for those who would rather speak h2', async (bench) => {
    await bench.listen({ tls: TLS });
    bench.onCall = (call) => call.ok();
    const client = await bench.tlsClient({ ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal((client.socket as TLSSocket).alpnProtocol, 'http/1.1');
    client.send(GET);
    assert.equal((await client.reply()).status, 200);
    const silent = await bench.tlsClient();
    silent.send(GET);
    assert.equal((await silent.reply()).status, 200);
  });

  declare('TLS: plain HTTP on a TLS port is closed, and harms nobody', async (bench) => {
    await bench.listen({ tls: TLS });
    const client = await bench.client();
    client.send(GET);
    await client.over(1000);
    assert.ok(!client.text.includes('HTTP/'), client.text);
    assert.equal(bench.calls.length, 0);
    assert.equal(await shown(bench, {}), 'first');
    await until(() => bench.edge.connections === 0, 'both to be closed');
  });

  declare('TLS: a handshake that is never made has the time of a head, and counts as a connection', async (bench) => {
    await bench.listen({ tls: TLS, headerTimeout: 300, connections: 1 });
    const silent = await bench.client();
    await until(() => bench.edge.connections === 1, 'the connection');
    const second = await bench.client();
    await second.over(1000);
    await silent.over(2000);
    await until(() => bench.edge.connections === 0, 'a free place');
  });

  declare('TLS: destroy sends what was written, then breaks the transfer', async (bench) => {
    await bench.listen({ tls: TLS });
    bench.onCall = (call) => {
      call.inbound.head(200, Fields.empty(), -1, false);
      call.inbound.write(Buffer.from('hello'));
      call.inbound.destroy();
    };
    const client = await bench.tlsClient();
    client.send(GET);
    await client.over();
    await client.head();
    assert.equal(client.text, '5\r\nhello\r\n');
  });

  declare('TLS: WebSocket upgrades', async (bench) => {
    await bench.listen({ tls: TLS });
    const client = await bench.tlsClient();
    client.send('GET / HTTP/1.1\r\nHost: weir.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly');
    const call = await bench.call();
    const { socket, early } = call.inbound.takeOver(Fields.from(['upgrade', 'websocket', 'connection', 'upgrade']));
    call.over = 'taken';
    socket.write(early);
    assert.equal((await client.head()).status, 101);
    await until(() => client.text === 'early', 'an echo');
  });

  declare('TLS: drain ends idle connections and close ends the rest', async (bench) => {
    await bench.listen({ tls: TLS });
    bench.onCall = (call) => call.ok();
    const idle = await bench.tlsClient();
    idle.send(GET);
    await idle.reply();
    bench.onCall = () => {};
    const busy = await bench.tlsClient();
    busy.send(GET);
    await until(() => bench.calls.length === 2, 'a request');
    bench.edge.drain(0);
    await idle.over(1500);
    await bench.edge.close();
    await busy.over(1500);
    assert.equal(bench.edge.connections, 0);
  });
}
