/**
 * Every place of config and rules where a scalar can stand, read from the schemas, so that a new key is a new place; and
 * documents that have a reference to the environment there. What the schema cannot say (a sign template needs a
 * timestamp) stands in the samples.
 */
import { mayBeSecret } from '../../src/plan/schema/places.ts';
import { KINDS } from '../../src/policies/index.ts';

/** As much of draft-07 as the schemas use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly then?: Schema;
  readonly else?: Schema;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
}

type Path = readonly (string | number)[];
export type Json = { [key: string]: unknown };

/** A place where a scalar can stand. */
export interface PlaceOf {
  /** From the root of the document, `*` for a name that whoever writes it makes up, `0` for an item of a list. */
  readonly path: Path;
  /** `routes.*.reply.text` */
  readonly label: string;
  /** What stands there may be shown while Weir runs: a name, an address, a path of a file. */
  readonly isPublic: boolean;
}

/** The key that stands for names which whoever writes the file makes up. */
export const MADE_UP = 'planted';

/** All places of a schema. */
export function placesOf(schema: object): PlaceOf[] {
  const seen = new Map<string, Path>();
  for (const path of leaves(schema as Schema, [])) seen.set(path.join('.'), path);
  return Array.from(seen, ([label, path]) => ({ label, path, isPublic: !mayBeSecret(schema, path) }));
}

function* leaves(schema: Schema, path: Path): Generator<Path> {
  const branches = [...(schema.anyOf ?? []), schema.then ?? {}, schema.else ?? {}].filter((s) => s !== undefined);
  for (const branch of branches) if (Object.keys(branch).length > 0) yield* leaves(branch, path);
  const types = [schema.type ?? []].flat();
  const isAnything = types.length === 0 && !schema.anyOf && !schema.then && !schema.properties;
  if (isAnything || types.some((type) => type !== 'object' && type !== 'array')) yield path;
  // Anything can be in there, deep down too.
  if (isAnything && schema.enum === undefined && !('const' in schema)) yield [...path, MADE_UP];
  for (const [key, child] of Object.entries(schema.properties ?? {})) yield* leaves(child, [...path, key]);
  if (typeof schema.additionalProperties === 'object') yield* leaves(schema.additionalProperties, [...path, '*']);
  if (schema.items) yield* leaves(schema.items, [...path, 0]);
}

/** A copy of `sample` with `value` at `path`; what is needed beside it comes from the schema. */
export function plant(sample: Json, path: Path, value: unknown, schema: object): Json {
  const copy = structuredClone(sample);
  put(copy, path, value, schema as Schema);
  return copy;
}

function put(parent: Json | unknown[], [head, ...rest]: Path, value: unknown, schema: Schema): void {
  const key = head === '*' ? MADE_UP : head!;
  const here = parent as Json;
  const below = stepInto(schema, String(head));
  if (schema.maxProperties === 1) for (const other of Object.keys(here)) if (other !== String(key)) delete here[other];
  if (rest.length === 0) here[key] = value;
  else {
    if (typeof here[key] !== 'object' || here[key] === null) here[key] = typeof rest[0] === 'number' ? [] : {};
    put(here[key] as Json, rest, value, below);
  }
  if (Array.isArray(here)) return;
  const branches = [schema.then ?? {}, schema.else ?? {}, ...(schema.anyOf ?? [])];
  const { required = [], properties = {} } = branches.find((branch) => branch.properties?.[key]) ?? schema;
  for (const name of required) if (here[name] === undefined) here[name] = least(properties[name] ?? {});
}

function stepInto(schema: Schema, step: string): Schema {
  const candidates = [schema, ...(schema.anyOf ?? []), schema.then ?? {}, schema.else ?? {}];
  for (const { properties } of candidates) if (properties?.[step]) return properties[step];
  for (const { additionalProperties, items } of candidates) {
    if (typeof additionalProperties === 'object') return additionalProperties;
    if (items) return items;
  }
  return {};
}

/** Some value that fits. */
function least(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.examples) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  const type = [schema.type ?? 'string'].flat()[0];
  if (type === 'integer') return schema.minimum ?? 1;
  if (type === 'array') return [];
  if (type === 'string') return 'up';
  const out: Json = {};
  for (const name of schema.required ?? []) out[name] = least(schema.properties?.[name] ?? {});
  return out;
}

const POLICIES: Readonly<Record<string, Json>> = {
  headers: { request: {} },
  jwt: { issuer: 'https://issuer.test', audience: 'weir', keys: { secrets: ['x'.repeat(64)] } },
  params: { allow: ['model'] },
  rateLimit: { key: '${client.address}', limit: '1000/1m' },
  signature: { keys: { k: 'x'.repeat(64) }, sign: '{timestamp}\n{nonce}\n{body}' },
  versions: { map: { '/other': '/else' } },
};

/** A policy of each kind that can stand by itself. A new kind is added here. */
export function samplePolicy(kind: string): Json {
  const sample = POLICIES[kind];
  if (!sample) throw new Error(`POLICIES in test/secrets/places.ts has no sample of the kind ${kind}`);
  return { [kind]: sample };
}

/**
 * Entries that a place of `section` may be planted into, in the order they are tried: with any of them, what stands at
 * the place may be all that can be wrong.
 */
export function sampleEntries(section: string, path: Path): readonly Json[] {
  switch (section) {
    case 'policies':
      return [samplePolicy(String(path[2]))];
    case 'routes':
      return [{ to: 'up' }, { reply: { status: 200 } }, {}];
    case 'upstreams':
      return [{ endpoints: { e: { url: 'http://127.0.0.1:1' } } }];
    case 'tests':
      return [{ request: { path: '/nowhere' }, expect: { status: 404 } }];
    default:
      return [{}];
  }
}

/** Every kind has a sample. */
export function kindsWithoutSample(): string[] {
  return KINDS.map(({ kind }) => kind).filter((kind) => !Object.hasOwn(POLICIES, kind));
}
