/**
 * The contract, kept by the `http-proxy` forwarder, and its guards. Most faults of http-proxy are faults against the
 * contract, so their tests stand there: an abort that never reaches the upstream ("cancel …"), an upstream that dies
 * inside a body ("… is truncated"), `deleteLength` ("a chunked DELETE …"), throws ("… fails without a throw"), late
 * header edits ("fields keep …"), closed connections ("one request after another …"). The others are here.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Fields } from '../../src/fields/fields.ts';
import { createHttpProxyForwarder } from '../../src/forwarders/http-proxy/index.ts';
import { createForwarder } from '../../src/forwarders/index.ts';
import { Bench, forwarderContract } from './forwarder.ts';
import { requestTo } from './forwarder-upstream.ts';

describe('http-proxy is loaded', () => {
  const require = createRequire(import.meta.url);
  const isLoaded = (): boolean => Object.keys(require.cache).some((file) => file.includes('/node_modules/http-proxy/'));
  const pool = {
    connections: 1,
    queue: { max: 1000, wait: 30_000 },
    idle: 1,
    connect: 1,
    tlsHandshake: 1,
    http2: false,
  };

  it('when a forwarder of its kind is made, and not before', async () => {
    const { _extend: before } = require('node:util');
    await createForwarder('http', { pool, now: Date.now }).close();
    assert.equal(isLoaded(), false);
    await createForwarder('http-proxy', { pool, now: Date.now }).close();
    assert.equal(isLoaded(), true);
    assert.equal(require('node:util')._extend, before, 'util._extend is put back');
  });

  it('and used without a deprecation (DEP0060, DEP0169)', async () => {
    const script = new URL('./forwarder-http-proxy-once.ts', import.meta.url).pathname;
    const args = ['--pending-deprecation', '--throw-deprecation', '--trace-warnings', script];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    assert.equal(stderr, '');
    assert.equal(stdout, '200 hello\n');
  });
});

describe('http-proxy passes no hop-by-hop field', () => {
  it('upstream, even where the exchange left one in', async () => {
    const bench = new Bench(createHttpProxyForwarder);
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const headers = [
      'Host',
      'h',
      'Connection',
      'X-Hop, close',
      'X-Hop',
      '1',
      'Keep-Alive',
      'timeout=5',
      'TE',
      'trailers',
    ];
    headers.push('Proxy-Authorization', 'Basic eDp5', 'Upgrade', 'h2c', 'Proxy-Connection', 'close', 'X-Kept', '1');
    bench.forwarder().send(requestTo(upstream.endpoint, { headers: Fields.from(headers) }), to);
    const { fields } = await (await upstream.accept()).answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await to.done();
    assert.deepEqual(fields, ['Host: h', 'X-Kept: 1', 'Connection: keep-alive']);
    await bench.end();
  });
});

forwarderContract('http-proxy', createHttpProxyForwarder, {
  'same-named fields keep their places and spelling': 'http-proxy copies fields into an object: one name, one place',
  'Cookie fields stay apart': 'Node joins them, as RFC 6265 §5.4 has clients do',
});
