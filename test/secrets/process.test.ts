/**
 * A different secret in every place of config and rules that takes text, put there by the environment, and everything the
 * real program writes: standard output and error of every command, logs, admin pages, metrics, refusals, replies, files.
 * Which places there are is read from the schemas; `loader.test.ts` beside this tries more forms in each.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { entryFile } from '../../src/demo/child.ts';
import { createLoader, loadConfig } from '../../src/plan/load.ts';
import { CONFIG } from '../../src/plan/schema/config.ts';
import { rulesSchema } from '../../src/plan/schema/rules.ts';
import { KINDS } from '../../src/policies/index.ts';
import { startWeir, type Weir } from '../tools/weir.ts';
import { type Json, type PlaceOf, placesOf, plant, sampleEntries } from './places.ts';

/** What stands in the environment for one place. */
interface Planted {
  readonly label: string;
  readonly variable: string;
  readonly value: string;
  /** Part of the value; nothing else holds it. */
  readonly token: string;
}

const RULES = rulesSchema(KINDS);
const load = createLoader(KINDS);

/** Forms that are tried in this order, until one is good where it is to be. */
const FORMS: readonly ((token: string) => string)[] = [
  (token) => token,
  (token) => `/${token}`,
  (token) => `http://127.0.0.1:1/${token}`,
  (token) => `{timestamp}\n${token}\n{nonce}\n{body}`,
];

let count = 0;

function plantedAs(form: (token: string) => string, label: string): Planted {
  const number = ++count;
  const token = `xPlanted${number}x${(number * 7919).toString(36)}Q`;
  return { label, variable: `PLANTED_${number}`, value: form(token), token };
}

/** An entry of a section with a secret at one place. */
interface PlantedEntry extends Planted {
  readonly section: string;
  readonly name: string;
  readonly entry: unknown;
}

/** An entry that is good with a secret at `place`, or null where no text can stand there. */
function goodEntry(place: PlaceOf): PlantedEntry | null {
  const [section] = place.path as [string];
  for (const sample of sampleEntries(section, place.path))
    for (const form of FORMS) {
      const planted = plantedAs(form, place.label);
      const found = entryWith(place, sample, planted);
      const { plan } = loadEntries([found]);
      if (plan) return found;
    }
  return null;
}

function entryWith(place: PlaceOf, sample: Json, planted: Planted): PlantedEntry {
  const [section] = place.path as [string];
  const name = `p${planted.variable.slice(8)}`;
  const document = plant({ [section]: { planted: sample } }, place.path, `\${env:${planted.variable}}`, RULES);
  const entry = (document[section] as Json).planted as Json;
  // Each has a path of its own, unless that is what is planted.
  const match = entry.match as Json | undefined;
  if (section === 'routes' && match?.path === undefined) entry.match = { path: `/${name}`, ...match };
  return { ...planted, section, name, entry };
}

function rulesOf(entries: readonly PlantedEntry[], up: string): Json {
  const rules: Record<string, Json> = {
    upstreams: { up: { endpoints: { e: { url: up } } } },
    routes: { all: { match: { path: '/all' }, to: 'up' } },
  };
  for (const { section, name, entry } of entries) {
    rules[section] = { ...rules[section], [name]: entry };
    if (section === 'policies') rules.routes![name] = { match: { path: `/${name}` }, use: [name], to: 'up' };
    if (section === 'upstreams') rules.routes![name] = { match: { path: `/${name}` }, to: name };
  }
  return rules;
}

function loadEntries(entries: readonly PlantedEntry[]) {
  const text = JSON.stringify(rulesOf(entries, 'http://127.0.0.1:1'));
  return load([{ file: '/r/rules.yaml', text }], { env: environment(entries), root: '/r' });
}

function environment(planted: readonly Planted[]): Record<string, string> {
  return Object.fromEntries(planted.map(({ variable, value }) => [variable, value]));
}

/** Fails where one of the secrets is in what was written, in any case or encoding that Weir makes. */
function assertUntold(said: Readonly<Record<string, string>>, planted: readonly Planted[]): void {
  const found: string[] = [];
  for (const [where, text] of Object.entries(said)) {
    const lower = text.toLowerCase();
    for (const { label, token } of planted) {
      const at = lower.indexOf(token.toLowerCase());
      if (at >= 0) found.push(`${label} in ${where}: …${text.slice(Math.max(0, at - 60), at + 40)}…`);
    }
  }
  assert.deepEqual(found, []);
}

interface Ran {
  readonly status: number;
  readonly output: string;
}

function run(
  weir: Pick<Weir, 'configFile'>,
  env: Record<string, string>,
  command: string,
  ...args: string[]
): Promise<Ran> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
  const line = [entryFile(), command, '--config', weir.configFile, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, line, options, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
    );
  });
}

const PAGES = ['/livez', '/readyz', '/metrics', '/api/v1/status', '/api/v1/config', '/nowhere'];

async function pages(weir: Weir, token: string): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${token}` };
  const said: Record<string, string> = {};
  for (const page of PAGES) said[page] = await (await fetch(weir.admin + page, { headers })).text();
  const reloaded = await fetch(`${weir.admin}/api/v1/reload`, { method: 'POST', headers });
  said[`reload (${reloaded.status})`] = await reloaded.text();
  return said;
}

/** Asks for a path as it is; gives the whole answer. */
function ask(weir: Weir, path: string): Promise<string> {
  const { hostname, port } = new URL(weir.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers: { host: 'a.test' } }, (reply) => {
      let text = `${reply.statusCode} ${reply.rawHeaders.join(' ')} `;
      reply.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      reply.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** What the process keeps on disk beside what it was given. */
function filesIn(folder: string): string {
  const names = globSync('**/*', { cwd: folder, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => `${file}\n${readFileSync(file, 'latin1')}`).join('\n');
}

test('good values: served, tried, reloaded and checked, and none is told', async (t) => {
  const places = placesOf(RULES);
  const entries = places.map(goodEntry).filter((entry) => entry !== null);
  for (const label of places.filter(({ isPublic }) => !isPublic).map(({ label }) => label))
    assert.ok(
      entries.some((entry) => entry.label === label),
      `nothing is good at ${label}`,
    );
  const token = plantedAs((token) => `${token}-${'x9'.repeat(20)}`, 'admin.token');
  // A start reads the files that policies name.
  const folder = mkdtempSync(join(tmpdir(), 'weir-planted-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = entries.find(({ label }) => label === 'policies.*.jwt.keys.file');
  assert.ok(keys);
  Object.assign(keys, { value: join(folder, keys.token) });
  writeFileSync(keys.value, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
  const planted: Planted[] = [...entries, token];
  const env = environment(planted);
  const weir = await startWeir(t, {
    rules: rulesOf(entries, 'http://127.0.0.1:1'),
    config: {
      admin: { address: '127.0.0.1:0', token: `\${env:${token.variable}}` },
      log: { level: 'debug' },
      runtime: '../runtime',
    },
    env,
  });
  const said: Record<string, string> = await pages(weir, token.value);
  // What a fixed reply says is meant for whoever asks; nothing else that a client sees is.
  const routes = entries.filter(({ section }) => section !== 'regions' && section !== 'tests');
  for (const { name, label, value } of routes) {
    const reply = await ask(weir, label === 'routes.*.match.path' ? value : `/${name}`);
    const isAnswer = /\.reply\.|\.response\./.test(label);
    if (!isAnswer) said[`reply of ${name}`] = reply;
  }
  for (const command of ['check', 'test']) {
    const { output } = await run(weir, env, command);
    said[command] = output;
  }
  said['check --format json'] = (await run(weir, env, 'check', '--format', 'json')).output;
  Object.assign(said, await pages(weir, token.value));
  await weir.process.stop(10_000);
  said.log = weir.log();
  said.files = filesIn(weir.folder);
  assertUntold(said, planted);
  assert.match(
    said['/api/v1/config']!,
    new RegExp(`\\$\\{env:${entries[0]!.variable}\\}`),
    'references are shown instead',
  );
  assert.match(said['reload (200)']!, /"revision"/);
});

/** Problems name a file that cannot be read by its path, wherever that comes from: whoever is to mend it must know it. */
const NAMED_FILES: ReadonlySet<string> = new Set([
  'rules',
  'policies.*.jwt.keys.file',
  'runtime',
  'state',
  'geoip.database',
  'geoip.overrides',
  'listeners.0.tls.certificates.0.cert',
  'listeners.0.tls.certificates.0.key',
]);

test('values that are good nowhere: refused at start, in a reload and by check, and none is told', async (t) => {
  const entries = placesOf(RULES).map((place) => {
    const [sample] = sampleEntries(place.path[0] as string, place.path);
    const form =
      count % 2 ? (token: string) => `https://${token}:${token}@example.com/?${token}` : (token: string) => token;
    return entryWith(place, sample!, plantedAs(form, place.label));
  });
  const token = plantedAs((token) => `${token}-${'x9'.repeat(20)}`, 'admin.token');
  const planted: Planted[] = [...entries.filter(({ label }) => !NAMED_FILES.has(label)), token];

  const env = environment([...entries, token]);
  const weir = await startWeir(t, {
    rules: { routes: { all: { match: { path: '/all' }, reply: { status: 200, text: 'ok' } } } },
    config: { admin: { address: '127.0.0.1:0', token: `\${env:${token.variable}}` } },
    env,
  });
  weir.write('rules.yaml', rulesOf(entries, 'http://127.0.0.1:1'));
  await weir.record(({ level }) => level === 'error', 'the refusal');
  const said: Record<string, string> = await pages(weir, token.value);
  assert.match(said['reload (422)']!, /RULES_REFUSED/);
  for (const [command, ...args] of [['check'], ['check', '--format', 'json'], ['test'], ['serve', '--strict']]) {
    const { status, output } = await run(weir, env, command!, ...args);
    assert.equal(status, 3, output);
    said[[command, ...args].join(' ')] = output;
  }
  said.log = weir.log();
  said.files = filesIn(join(weir.folder, 'state'));
  assert.match(said.files, /routes/, 'the last good rules are kept there');
  assertUntold(said, planted);
});

test('short secrets that rules put into headers are not told by a test that expects others', async (t) => {
  const env = { WORD: 'correcthorse', PIN: '483920' };
  const set = { authorization: 'Basic ${env:WORD}', 'x-pin': '${env:PIN}', 'x-both': '${env:PIN}-${client.address}' };
  const headers = Object.fromEntries(Object.keys(set).map((name) => [name, 'other']));
  const weir = await startWeir(t, {
    rules: {
      upstreams: { up: { endpoints: { e: { url: 'http://127.0.0.1:1' } } } },
      policies: { add: { headers: { request: { set } } } },
      routes: { all: { use: ['add'], to: 'up' } },
      tests: { headers: { request: { path: '/' }, expect: { path: '/${env:PIN}', headers } } },
    },
    env,
  });
  const { status, output } = await run(weir, env, 'test');
  assert.equal(status, 1, output);
  for (const secret of Object.values(env)) assert.ok(!output.includes(secret), output);
  assert.match(output, /header authorization: expected other, got Basic \$\{env:WORD\}/);
});

test('a value that is a name in the rules too stands in metrics and logs as it is', async (t) => {
  const reply = { status: 200, text: 'ok', headers: { 'x-where': '${env:WHERE}', 'x-key': '${env:KEY}' } };
  const weir = await startWeir(t, {
    rules: { routes: { 'production-eu-west': { reply } } },
    config: { admin: { address: '127.0.0.1:0' } },
    env: { WHERE: 'production-eu', KEY: 'sk-live-0123' },
  });
  await ask(weir, '/sk-live-0123');
  const metrics = await (await fetch(`${weir.admin}/metrics`)).text();
  assert.match(metrics, /weir_requests_total\{route="production-eu-west"/);
  const { route, path } = await weir.record(({ message }) => message === 'request', 'the line of the request');
  assert.deepEqual([route, path], ['production-eu-west', '/${env:KEY}']);
});

/** Places where a text has the right shape, so that what it says is looked at. */
function isText({ path }: PlaceOf): boolean {
  const sample = { listeners: [{ address: '127.0.0.1:0' }], admin: { address: '127.0.0.1:0' } };
  const document = JSON.stringify(plant(sample, path, 'x-planted', CONFIG));
  const { problems } = loadConfig('/c/weir.yaml', document, { env: {}, bundledDatabase: '/b.mmdb' });
  const shape: readonly string[] = ['wrong-type', 'bad-unit', 'out-of-range', 'missing-key'];
  return !problems.some(({ code, message }) => shape.includes(code) || message.includes('must be'));
}

for (const which of ['every place', 'every place that takes a text'])
  test(`a config with a secret in ${which} is refused, and none is told`, async (t) => {
    const weir = await startWeir(t, { rules: { routes: { all: { reply: { status: 200, text: 'ok' } } } } });
    const sample = { listeners: [{ address: '127.0.0.1:0' }], admin: { address: '127.0.0.1:0' } };
    const said: Record<string, string> = {};
    const planted: Planted[] = [];
    const env: Record<string, string> = {};
    let document: Json = sample;
    const places = placesOf(CONFIG);
    for (const { path, label } of which === 'every place' ? places : places.filter(isText)) {
      const secret = plantedAs(FORMS[count % FORMS.length]!, label);
      if (!NAMED_FILES.has(label)) planted.push(secret);
      env[secret.variable] = secret.value;
      document = plant(document, path, `\${env:${secret.variable}}`, CONFIG);
    }
    weir.writeConfig(document);
    for (const [command, ...args] of [['check'], ['check', '--format', 'json'], ['serve']]) {
      const { status, output } = await run(weir, env, command!, ...args);
      assert.equal(status, 3, output);
      said[[command, ...args].join(' ')] = output;
    }
    assertUntold(said, planted);
  });
