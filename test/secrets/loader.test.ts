/**
 * A different secret in every place of config and rules, in forms that are good there and in forms that are not: nothing
 * that the loader says, shows or hashes depends on it. Places come from the schemas, so a new key is covered by itself.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLoader, loadConfig } from '../../src/plan/load.ts';
import { formatProblems, type Problem } from '../../src/plan/problems.ts';
import { CONFIG } from '../../src/plan/schema/config.ts';
import { rulesSchema } from '../../src/plan/schema/rules.ts';
import { KINDS } from '../../src/policies/index.ts';
import { type Json, kindsWithoutSample, MADE_UP, type PlaceOf, placesOf, plant, sampleEntries } from './places.ts';

/** What a variable holds, made of a token that nothing else says. Two tokens make values of the same kind. */
const FORMS: Readonly<Record<string, (token: string) => string>> = {
  bare: (token) => token,
  path: (token) => `/${token}`,
  pattern: (token) => `/${token}/:id`,
  url: (token) => `http://127.0.0.1:1/${token}`,
  host: (token) => `${token}.example`,
  credentials: (token) => `https://${token}:${token}@example.com/x`,
  scheme: (token) => `${token}://x`,
  fact: (token) => `a \${${token}} b`,
  segment: (token) => `a \${path.${token}} b`,
  placeholder: (token) => `{timestamp}\n{header.${token}}`,
  brokenPlaceholder: (token) => `{timestamp}{${token}}`,
  literal: (token) => `{timestamp}\n${token}\n{body}`,
  lines: (token) => `a\r\n${token}`,
  address: (token) => `127.0.0.1:${token}`,
  long: (token) => token.repeat(4),
};

const TOKENS = ['Qz7xK4tPlanted1', 'Wv3mH8rPlanted2'] as const;
const NUMBERS = ['918273645', '827364519'] as const;

const rulesRoot = rulesSchema(KINDS);
const load = createLoader(KINDS);

interface Said {
  readonly problems: readonly Problem[];
  /** Everything that could be printed. */
  readonly text: string;
  /** What is shown where all is well; null where something is not. */
  readonly shown: string | null;
  readonly revision: string;
}

function loadPlanted(text: string, value: string): Said {
  const files = [{ file: '/r/rules.yaml', text }];
  const { plan, problems, show } = load(files, { env: { PLANTED: value }, root: '/r' });
  const shown = plan && JSON.stringify(show(plan));
  return { problems, text: told(problems, files) + shown, shown, revision: plan?.revision ?? '' };
}

function loadPlantedConfig(text: string, value: string): Said {
  const file = '/c/weir.yaml';
  const { config, problems, show } = loadConfig(file, text, { env: { PLANTED: value }, bundledDatabase: '/b.mmdb' });
  const shown = config && JSON.stringify(show(config));
  return { problems, text: told(problems, [{ file, text }]) + shown, shown, revision: '' };
}

function told(problems: readonly Problem[], sources: readonly { file: string; text: string }[]): string {
  const formats = ['text', 'json'] as const;
  return formats.map((format) => formatProblems(problems, sources, { format, cwd: '/' })).join('\n');
}

/** Its places take few forms, and each load compiles the schema. */
const CONFIG_FORMS = ['bare', 'path', 'credentials'];

/** The documents with `${env:PLANTED}` at a place. */
function rulesWith({ path }: PlaceOf): Json[] {
  const [section] = path as [string];
  const base: Json = {
    upstreams: { up: { endpoints: { e: { url: 'http://127.0.0.1:1' } } } },
    routes: { all: { match: { path: '/all' }, to: 'up' } },
  };
  return sampleEntries(section, path).map((entry) => {
    const sample = { ...base, [section]: { ...(base[section] as Json), [MADE_UP]: entry } };
    return plant(sample, path, '${env:PLANTED}', rulesRoot);
  });
}

function configWith({ path }: PlaceOf): Json[] {
  const sample = { listeners: [{ address: '127.0.0.1:1' }], admin: { address: '127.0.0.1:2' } };
  return [plant(sample, path, '${env:PLANTED}', CONFIG)];
}

/** Loads a document with two secrets of one form: what is said is the same, and holds neither. True where it is good. */
function check(
  label: string,
  document: Json,
  form: string,
  run: typeof loadPlanted,
  tokens: readonly string[] = TOKENS,
): boolean {
  const text = JSON.stringify(document, null, 2);
  const make = FORMS[form] ?? FORMS.bare!;
  const [one, other] = tokens.map((token) => run(text, make(token)));
  const where = `${label}, ${form}`;
  for (const token of tokens)
    for (const said of [one, other])
      assert.ok(!said!.text.toLowerCase().includes(token.toLowerCase()), `${where}: ${lineWith(said!.text, token)}`);
  assert.deepEqual(one!.problems, other!.problems, where);
  assert.equal(one!.revision, other!.revision, where);
  assert.equal(one!.shown, other!.shown, where);
  return one!.shown !== null;
}

function lineWith(text: string, token: string): string {
  return text.split('\n').find((line) => line.toLowerCase().includes(token.toLowerCase())) ?? '';
}

/** Plants into every place; gives the labels of those that were good with one of the forms. */
function checkAll(
  places: readonly PlaceOf[],
  documents: (place: PlaceOf) => Json[],
  run: typeof loadPlanted,
  forms: readonly string[],
): Set<string> {
  const good = new Set<string>();
  for (const place of places)
    for (const document of documents(place)) {
      for (const form of forms) if (check(place.label, document, form, run)) good.add(place.label);
      // Numbers are shown where the schema wants one: no secret is written there.
      if (!place.isPublic && check(place.label, document, 'number', run, NUMBERS)) good.add(place.label);
    }
  return good;
}

describe('a secret in every place', () => {
  test('is one where credentials stand, whatever the schemas come to call public', () => {
    const all = [...placesOf(rulesRoot), ...placesOf(CONFIG)];
    const credentials = [
      'admin.token',
      'store.redis.url',
      'upstreams.*.endpoints.*.url',
      'policies.*.headers.request.set.*',
      'policies.*.headers.response.add.*',
      'policies.*.jwt.keys.secrets.0',
      'policies.*.jwt.keys.url',
      'policies.*.signature.keys.*',
      'policies.*.versions.map.*',
      'routes.*.match.path',
      'routes.*.match.headers.*',
      'routes.*.reply.headers.*',
      'routes.*.reply.json.planted',
      'routes.*.reply.text',
      'tests.*.request.headers.*',
      'tests.*.request.body',
    ];
    for (const label of credentials) assert.equal(all.find((place) => place.label === label)?.isPublic, false, label);
  });

  test('of the rules is in nothing that is said, shown or hashed', () => {
    assert.deepEqual(kindsWithoutSample(), []);
    const places = placesOf(rulesRoot);
    const good = checkAll(places, rulesWith, loadPlanted, Object.keys(FORMS));
    // Places where nothing but a plain text can stand are good with one of the forms, or the test would see nothing.
    const secretPlaces = places.filter(({ isPublic }) => !isPublic).map(({ label }) => label);
    assert.deepEqual(
      secretPlaces.filter((label) => !good.has(label)),
      [],
    );
  });

  test('of the config is in nothing that is said or shown', () => {
    const good = checkAll(placesOf(CONFIG), configWith, loadPlantedConfig, CONFIG_FORMS);
    assert.ok(good.has('admin.token'));
  });
});
