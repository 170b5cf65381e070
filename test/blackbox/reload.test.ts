/** Edits in every clumsy way that happens, under traffic: no request fails, and the end is what the files say. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { RawUpstream } from '../contract/forwarder-upstream.ts';
import { startLoad } from '../tools/load.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const QUIET = { threads: 3, log: { level: 'info', access: false } };
const rules = (text: string) => ({ routes: { all: { reply: { status: 200, text } } } });
const yaml = (text: string) => `routes:\n  all:\n    reply:\n      status: 200\n      text: ${text}\n`;

/** On every thread: each request is on a connection of its own. */
function everywhere(weir: Weir, wanted: string): Promise<unknown> {
  return until(async () => {
    for (let i = 0; i < 9; i++) {
      const reply = await fetch(weir.url, { headers: { connection: 'close' } });
      if ((await reply.text()) !== wanted) return false;
    }
    return true;
  }, `${wanted} on all threads`);
}

test('bursts, half-written and emptied files, editors and generators, under load', async (t) => {
  const weir = await startWeir(t, { rules: rules('start'), config: QUIET });
  const file = join(weir.folder, 'rules', 'rules.yaml');
  const load = startLoad(weir.url, 4);
  t.after(() => load.stop());

  for (let i = 0; i < 60; i++) weir.write('rules.yaml', rules(`burst-${i}`));
  await everywhere(weir, 'burst-59');
  const reloads = await weir.metric('weir_reloads_total');
  assert.ok(reloads < 30, `${reloads} reloads for one burst of 60 edits`);

  // Written in place, a piece at a time, by somebody so slow that each piece stands still and is read.
  const text = yaml('in-place');
  const refusedFor = (code: string) =>
    weir.statusWhere(({ rules }) => rules.problems.some((problem) => problem.code === code), `${code} to be told`);
  truncateSync(file, 0);
  await refusedFor('empty-file');
  let from = 0;
  for (const [end, code] of [
    ['routes:\n', 'empty-section'],
    ['  all:\n', 'wrong-type'],
    ['reply:\n', 'wrong-type'],
    ['status: 2', 'out-of-range'],
  ] as const) {
    const to = text.indexOf(end, from - end.length) + end.length;
    appendFileSync(file, text.slice(from, to));
    from = to;
    await refusedFor(code);
    assert.equal(await (await fetch(weir.url)).text(), 'burst-59');
  }
  appendFileSync(file, text.slice(from));
  await everywhere(weir, 'in-place');

  // A signal, a call and an edit at once.
  weir.write('rules.yaml', rules('all-at-once'));
  weir.process.signal('SIGHUP');
  const [one, two] = await Promise.all([weir.reload(), weir.reload()]);
  assert.deepEqual([one.status, two.status], [200, 200]);
  await everywhere(weir, 'all-at-once');

  // Gone and back, as a checkout of another branch does.
  rmSync(file);
  await weir.statusWhere(({ rules }) => !rules.ok, 'the empty folder to be refused');
  writeFileSync(file, yaml('back'));
  await everywhere(weir, 'back');

  const { statuses, errors } = await load.stop();
  assert.deepEqual([Object.keys(statuses), errors], [['200'], []]);
  assert.equal(await weir.metric('weir_worker_deaths_total'), 0);
});

/** A route that asks for a signature in its very last line, and is open without it. */
const PROTECTED = `
policies:
  signed: { signature: { keys: { k: 0123456789abcdef0123456789abcdef }, sign: "{timestamp}:{nonce}:{body}" } }
routes:
  all:
    reply: { status: 200, text: MARK }
    use: [signed]
`;

test('a file that is written in place is not taken until it stands still, though what is there is good YAML', async (t) => {
  const before = PROTECTED.replace('MARK', 'before');
  const weir = await startWeir(t, { rules: before, config: { ...QUIET, reload: { settle: '3s' } } });
  const { revision } = await weir.status();
  const file = join(weir.folder, 'rules', 'rules.yaml');
  const text = PROTECTED.replace('MARK', 'after');
  const load = startLoad(weir.url, 2);
  t.after(() => load.stop());
  writeFileSync(file, text.slice(0, text.indexOf('    use:')));
  const since = performance.now();
  while (performance.now() - since < 400) assert.equal((await fetch(weir.url)).status, 401);
  assert.equal((await weir.status()).revision, revision, 'the half-written file was taken');
  appendFileSync(file, text.slice(text.indexOf('    use:')));
  await weir.statusWhere((status) => status.revision !== revision, 'the whole file to be taken');
  const { statuses, errors } = await load.stop();
  assert.deepEqual([Object.keys(statuses), errors], [['401'], []]);
});

test('a reload by call or by signal waits for nothing', async (t) => {
  const weir = await startWeir(t, { rules: rules('zero'), config: { ...QUIET, reload: { settle: '1h' } } });
  weir.write('rules.yaml', rules('called'));
  assert.equal((await weir.reload()).status, 200);
  await everywhere(weir, 'called');
  weir.write('rules.yaml', rules('signalled'));
  weir.process.signal('SIGHUP');
  await everywhere(weir, 'signalled');
});

test("a ConfigMap's folders, swapped by a link", async (t) => {
  const weir = await startWeir(t, { rules: rules('zero'), config: QUIET });
  const folder = join(weir.folder, 'rules');
  /** What the kubelet does: a dated folder, `..data` turned to it in one step, files that are links through `..data`. */
  const mount = (date: string, text: string) => {
    mkdirSync(join(folder, date));
    writeFileSync(join(folder, date, 'rules.yaml'), yaml(text));
    symlinkSync(date, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  mount('..2026_01_01', 'one');
  symlinkSync(join('..data', 'rules.yaml'), join(folder, 'new'));
  renameSync(join(folder, 'new'), join(folder, 'rules.yaml'));
  await everywhere(weir, 'one');
  for (const [date, text] of [
    ['..2026_01_02', 'two'],
    ['..2026_01_03', 'three'],
  ]) {
    mount(date!, text!);
    await everywhere(weir, text!);
  }
  mount('..2026_01_04', '"unclosed');
  const { rules: found } = await weir.statusWhere(({ rules }) => !rules.ok, 'the broken one to be refused');
  assert.ok(found.problems.length > 0);
  await everywhere(weir, 'three');
  mount('..2026_01_05', 'five');
  await everywhere(weir, 'five');
});

test('a request keeps the rules it came under; the next on its connection has the new ones', async (t) => {
  const upstream = await RawUpstream.listen();
  t.after(() => upstream.close());
  const proxied = (mark: string) => ({
    upstreams: { u: { endpoints: { e: { url: `http://127.0.0.1:${upstream.port}` } } } },
    policies: { mark: { headers: { response: { set: { 'x-mark': mark } } } } },
    routes: { all: { use: ['mark'], to: 'u' } },
  });
  const weir = await startWeir(t, { rules: proxied('old') });
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const up = await upstream.accept();
  await up.request();
  const before = (await weir.status()).revision;
  await weir.apply('rules.yaml', proxied('new'));
  up.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  assert.equal((await client.reply()).get('x-mark'), 'old');
  const line = await weir.record(({ route }) => route === 'all');
  assert.equal(line.revision, before);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await up.answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  assert.equal((await client.reply()).get('x-mark'), 'new');
  client.close();
});
