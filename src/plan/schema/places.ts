/**
 * What the schema says of a place in a document. The keyword `public` marks a text that is never a secret, wherever it
 * comes from: a name, an address, a path of a file. Every text without it may be one, so that a new key is safe until
 * somebody says otherwise.
 */
import type { ConfigPath } from '../../types/policy.ts';

/** As much of draft-07 as the schemas here use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly public?: boolean;
  readonly unit?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly then?: Schema;
  readonly else?: Schema;
}

/** Can a value that fits `schema` hold a secret, in itself or in anything below it? */
export function takesSecret(schema: object): boolean {
  const s = schema as Schema;
  if (s.public || s.unit !== undefined || s.enum !== undefined || 'const' in s) return false;
  const branches = branchesOf(s);
  if (branches.length > 0) return branches.some(takesSecret);
  if (s.type === undefined) return true;
  return [s.type].flat().some((type) => {
    if (type === 'object') return childrenOf(s).some(takesSecret);
    if (type === 'array') return s.items === undefined || takesSecret(s.items);
    return type === 'string';
  });
}

/** Can what stands at `path` of a document be a secret? What no schema describes can; nothing below what is public. */
export function mayBeSecret(root: object, path: ConfigPath): boolean {
  let here: readonly object[] = [root];
  for (const step of path) {
    here = schemasBelow(here, step);
    if (here.length === 0) return true;
    if (!here.some(takesSecret)) return false;
  }
  return here.some(takesSecret);
}

/** Is `key` one that `schemas` name, not one that whoever writes the file makes up? */
export function isFixedKey(schemas: readonly object[], key: string): boolean {
  return schemas.some((schema) => alternatives(schema).some((s) => Object.hasOwn(s.properties ?? {}, key)));
}

/** The schemas of what stands under a key or index below places with `schemas`. */
export function schemasBelow(schemas: readonly object[], step: string | number): readonly object[] {
  return schemas.flatMap((schema) => stepInto(schema, String(step)));
}

function stepInto(schema: Schema, step: string): readonly Schema[] {
  return alternatives(schema).flatMap((s) => {
    if (Object.hasOwn(s.properties ?? {}, step)) return [s.properties?.[step] as Schema];
    const more = typeof s.additionalProperties === 'object' ? [s.additionalProperties] : [];
    return s.items === undefined ? more : [...more, s.items];
  });
}

function alternatives(schema: Schema): readonly Schema[] {
  return [schema, ...branchesOf(schema).flatMap(alternatives)];
}

function branchesOf({ anyOf = [], oneOf = [], then, else: otherwise }: Schema): readonly Schema[] {
  return [...anyOf, ...oneOf, ...(then ? [then] : []), ...(otherwise ? [otherwise] : [])];
}

function childrenOf({ properties = {}, additionalProperties }: Schema): readonly Schema[] {
  const named = Object.values(properties);
  if (typeof additionalProperties === 'object') return [...named, additionalProperties];
  return additionalProperties === false ? named : [...named, {}];
}
