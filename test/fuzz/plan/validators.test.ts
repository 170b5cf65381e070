/** Schemas as Weir compiles them, ahead or at once, against ajv with `verbose`: the same errors, in the same order. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import { compileSchema, digestOf } from '../../../src/plan/compile-schema.ts';
import { VALIDATORS } from '../../../src/plan/generated/validators.js';
import { CONFIG } from '../../../src/plan/schema/config.ts';
import { rulesSchema } from '../../../src/plan/schema/rules.ts';
import { UNITS } from '../../../src/plan/schema/units.ts';
import { withContext } from '../../../src/plan/schema-errors.ts';
import { KINDS } from '../../../src/policies/index.ts';
import { Random } from '../../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../../src/testing/seed.ts';
import { GOLDEN } from '../../golden/golden.ts';

/** Documents tried for each schema. */
const DOCUMENTS = 1500;
/** Characters of a document. */
const LARGEST = 20_000;

const ROOT = join(import.meta.dirname, '..', '..', '..');

type Errors = (document: unknown) => readonly ErrorObject[];

function ours(schema: object): Errors {
  const validate = compileSchema(schema);
  return (document) =>
    validate(document) ? [] : validate.errors!.map((error) => withContext(error, schema, document));
}

function oracle(schema: object): Errors {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    strict: false,
    validateSchema: false,
    meta: false,
    logger: false,
  });
  ajv.addKeyword({
    keyword: 'unit',
    type: 'string',
    schemaType: 'string',
    errors: false,
    validate: (unit: string, text: string) => UNITS[unit]!.valid(text),
  });
  const validate = ajv.compile(schema);
  return (document) => (validate(document) ? [] : [...validate.errors!]);
}

/** All documents of YAML below a folder that can be read, as JSON has them, but for very large ones. */
function documentsBelow(folder: string): unknown[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => {
      try {
        const text = JSON.stringify(parse(readFileSync(join(folder, name), 'utf8'), { logLevel: 'silent' }));
        return text.length < LARGEST ? [JSON.parse(text) as unknown] : [];
      } catch {
        return [];
      }
    });
}

const SCALARS = [null, true, false, 0, 1, -1, 2.5, 1e9, '', 'a', '10s', '5%', 'off', '1KiB', 'GET', '/a~b', '€', '😀'];
const KEYS = ['no such', 'name', 'x/y', 'x~1y', '__proto__', 'constructor'];

/** A copy in which some values are others, and some keys and items are gone, new or there twice. */
function changed(value: unknown, random: Random, rate: number, others: readonly unknown[]): unknown {
  if (random.chance(rate)) return random.chance(0.5) ? random.pick(SCALARS) : random.pick(others);
  if (Array.isArray(value)) {
    const items = value.filter(() => !random.chance(rate)).map((item) => changed(item, random, rate, others));
    if (items.length > 0 && random.chance(rate * 3)) items.splice(random.below(items.length), 0, random.pick(items));
    return items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(() => !random.chance(rate))
    .map(([key, below]) => [random.chance(rate / 2) ? `${key}~/%2Fx` : key, changed(below, random, rate, others)]);
  if (random.chance(rate * 2)) entries.push([random.pick(KEYS), random.pick(SCALARS)]);
  return Object.fromEntries(entries);
}

/** The value, and everything in it. */
function parts(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  return [value, ...Object.values(value).flatMap(parts)];
}

const documents = [GOLDEN, join(ROOT, 'rules'), join(ROOT, 'config')].flatMap(documentsBelow);
const others = documents.flatMap(parts);

function compare(schema: object): void {
  const random = new Random(SEED);
  const [ourErrors, theirErrors] = [ours(schema), oracle(schema)];
  const keywords = new Set<string>();
  const tryOne = (document: unknown): void => {
    const [found, expected] = [ourErrors(document), theirErrors(document)];
    for (const { keyword } of expected) keywords.add(keyword);
    // Asked first, because the message costs more than the comparison.
    if (!isDeepStrictEqual(found, expected))
      assert.deepEqual(found, expected, `${SEED_NOTE} ${JSON.stringify(document)}`);
  };
  for (const document of documents) tryOne(document);
  for (let i = 0; i < DOCUMENTS; i++)
    tryOne(changed(random.pick(documents), random, 0.15 * random.next() ** 2, others));
  for (const keyword of ['additionalProperties', 'type', 'required', 'unit', 'enum'])
    assert.ok(keywords.has(keyword), `no document fails by ${keyword}`);
}

for (const [name, schema] of [
  ['config', CONFIG],
  ['rules', rulesSchema(KINDS)],
] as const)
  test(`${name}: code made ahead finds every error that ajv finds, and no other (${SEED_NOTE})`, () => {
    assert.ok(digestOf(schema) in VALIDATORS, 'run `npm run schema`');
    compare(schema);
  });

test(`a schema that was not known ahead: the same (${SEED_NOTE})`, () => {
  const schema = rulesSchema(KINDS.filter(({ kind }) => kind !== 'jwt'));
  assert.ok(!(digestOf(schema) in VALIDATORS));
  compare(schema);
});
