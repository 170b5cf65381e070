import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { schemaFiles } from '../../src/cli/schema.ts';
import { prettyJson } from '../../src/plan/json.ts';
import { UNITS } from '../../src/plan/schema/units.ts';
import { VALIDATORS_FILE, validatorsFile } from '../tools/validators.ts';
import { GOLDEN } from './golden.ts';

const COMMITTED = join(import.meta.dirname, '../../config/schema');

const files = schemaFiles();

for (const [name, text] of Object.entries(files))
  test(`config/schema/${name} is current`, () => {
    const committed = readFileSync(join(COMMITTED, name), 'utf8');
    assert.equal(committed, text, 'run `npm run schema`');
  });

test('the code made ahead of the schemas is current', () => {
  // Not `equal`: a difference of 200 KB is of no use to anybody.
  assert.ok(readFileSync(VALIDATORS_FILE, 'utf8') === validatorsFile(), 'run `npm run schema`');
});

/** As an editor has it: draft-07 and nothing of ours. */
const editor = () => new Ajv({ strict: false, allErrors: true });

test('editors find nothing wrong with the reference', () => {
  const rules = editor().compile(JSON.parse(files['rules.schema.json']));
  for (const name of ['policies', 'regions', 'routes', 'upstreams'])
    assert.ok(rules(parse(readFileSync(join(GOLDEN, 'reference/rules', `${name}.yaml`), 'utf8'))), name);
  const config = editor().compile(JSON.parse(files['weir.schema.json']));
  assert.ok(config(parse(readFileSync(join(GOLDEN, 'reference/config/weir.yaml'), 'utf8'))));
});

test('editors accept references to the environment where a unit stands', () => {
  const config = editor().compile(JSON.parse(files['weir.schema.json']));
  const listeners = [{ address: '127.0.0.1:80' }];
  assert.ok(config({ listeners, limits: { bodySize: '${env:SIZE:-1MiB}' } }));
  assert.ok(!config({ listeners, limits: { bodySize: 'SIZE' } }));
});

interface Schema {
  readonly type?: unknown;
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly description?: string;
}

function* walk(schema: Schema, path: string): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [key, child] of Object.entries(schema.properties ?? {})) yield* walk(child, `${path}.${key}`);
  if (typeof schema.additionalProperties === 'object') yield* walk(schema.additionalProperties, `${path}.*`);
  if (schema.items) yield* walk(schema.items, `${path}[]`);
}

for (const [name, text] of Object.entries(files))
  test(`${name}: every property is described, every default and example is valid`, () => {
    for (const [path, schema] of walk(JSON.parse(text), name)) {
      if (/\.\w+$/.test(path) && !path.includes('policies.*.')) assert.ok(schema.description, path);
      const values = [...(schema.examples ?? []), ...('default' in schema ? [schema.default] : [])];
      const validate = editor().compile(schema);
      for (const value of values) assert.ok(validate(value), `${path}: ${JSON.stringify(value)}`);
    }
  });

test('what editors take for a unit and what the plan reads agree on these', () => {
  const samples = [
    '1ms',
    '1.5s',
    '24d',
    '30d',
    '0s',
    '1 s',
    '10',
    '16KiB',
    '10mb',
    '50%',
    '150%',
    '1s..2s',
    '2s..1s',
    'cancel',
    'drain 5s',
    'drain',
    '10/s',
    '600/1m',
    '',
  ];
  for (const [name, unit] of Object.entries(UNITS))
    for (const sample of samples) {
      // Bounds are beyond a pattern; whatever is valid must match it.
      if (unit.valid(sample)) assert.match(sample, new RegExp(`^(${unit.pattern})$`), name);
    }
  assert.deepEqual(
    samples.filter((sample) => UNITS.duration!.valid(sample)),
    ['1ms', '1.5s', '24d'],
  );
});

test('JSON is laid out as the formatter would', () => {
  const value = { a: [], b: {}, c: [1, 'x', null, ['y', 'z']], d: [{ e: 1 }], f: Array(30).fill('long enough') };
  const text = prettyJson(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.match(
    text,
    /^\{\n {2}"a": \[\],\n {2}"b": \{\},\n {2}"c": \[1, "x", null, \["y", "z"\]\],\n {2}"d": \[\n {4}\{\n/,
  );
  assert.match(text, /"f": \[\n {4}"long enough",\n/);
});
