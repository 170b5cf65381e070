/**
 * Heads of about a thousand fields. A next hop on an old Node drops what comes behind the thousandth (CVE-2026-58044), so
 * Host and the framing go out first, and no more than a thousand fields leave.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const FIELDS_MAX = 1000;
/** What the second request inside the body of the first would be, if the first one's framing were lost. */
const INNER = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';

let upstream: RawUpstream;
let weir: Weir;

before(async () => {
  upstream = await RawUpstream.listen();
  const url = `http://127.0.0.1:${upstream.port}`;
  weir = await startWeir(null, {
    rules: {
      upstreams: {
        plain: { endpoints: { e: { url } } },
        old: { forwarder: 'http-proxy', endpoints: { e: { url } } },
        again: { endpoints: { e: { url } }, retry: {} },
      },
      policies: {
        edits: {
          headers: {
            request: { set: { 'x-endpoint': '${upstream.endpoint}', 'x-b': '2' } },
            response: { set: { 'x-c': '3' } },
          },
        },
      },
      routes: Object.fromEntries(
        ['plain', 'old', 'again'].map((name) => [name, { match: { path: `/${name}` }, use: ['edits'], to: name }]),
      ),
    },
  });
});

after(async () => {
  upstream?.close();
  await weir?.stop();
});

const connect = () => WireClient.connect(Number(new URL(weir.url).port));

for (const path of ['plain', 'old', 'again'])
  test(`/${path}: a request keeps its Host and framing in front of many fields, or is refused with 431`, async () => {
    const statuses = new Set<number>();
    for (const count of [0, 900, 980, 985, 986, 987, 988, 989, 990, 991, 992, 993, 994, 995, 999, 1000, 1001, 1500]) {
      const client = await connect();
      const seen = upstream.connections.length;
      const length = `content-length: ${INNER.length}\r\n`;
      client.send(
        `POST /${path} HTTP/1.1\r\n${'a: \r\n'.repeat(count)}host: a\r\n${length}connection: close\r\n\r\n${INNER}`,
      );
      await until(() => upstream.connections.length > seen || client.text !== '', 'a request or its refusal');
      if (upstream.connections.length > seen) {
        const up = await upstream.accept();
        const { fields, body } = await up.answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
        assert.match(fields[0]!, /^host: 127\.0\.0\.1:/);
        assert.equal(fields[1]!.toLowerCase(), `content-length: ${INNER.length}`);
        assert.ok(fields.length <= FIELDS_MAX, `${fields.length} fields left`);
        assert.equal(body.toString(), INNER);
      }
      const { status, body } = await client.reply();
      statuses.add(status);
      if (status !== 200) assert.deepEqual([status, JSON.parse(body).code], [431, 'HEADERS_TOO_LARGE']);
      client.close();
    }
    assert.deepEqual([...statuses], [200, 431]);
  });

for (const path of ['plain', 'old', 'again'])
  test(`/${path}: a reply keeps its framing in front of many fields, or becomes 502`, async () => {
    const statuses = new Set<number>();
    for (const count of [0, 900, 985, 990, 991, 992, 993, 994, 995, 996, 997, 998]) {
      const client = await connect();
      client.send(`GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      const up = await upstream.accept();
      await up.answer(`HTTP/1.1 200 OK\r\n${'a: \r\n'.repeat(count)}Connection: close\r\nContent-Length: 2\r\n\r\nok`);
      const { status, fields, body } = await client.reply();
      statuses.add(status);
      assert.match(fields[0]!, /^content-length: /i);
      assert.ok(fields.length <= FIELDS_MAX, `${fields.length} fields left`);
      if (status === 502) assert.equal(JSON.parse(body).code, 'UPSTREAM_PROTOCOL');
      else assert.equal(body, 'ok');
      client.close();
    }
    assert.deepEqual([...statuses], [200, 502]);
  });
