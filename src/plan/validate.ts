/** Documents against schemas: ajv finds what does not fit, `schema-problems.ts` says it. */
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { ConfigPath } from '../types/policy.ts';
import { compileSchema } from './compile-schema.ts';
import type { ProblemList } from './problems.ts';
import { oddNumber } from './scalars.ts';
import { COMPOUND, chooseErrors, pathOf, withContext } from './schema-errors.ts';
import { reportSchemaError } from './schema-problems.ts';
import { nodeAt, type Source, type TreeNode } from './source.ts';

/** Checks a source; returns where it does not fit. The values there are not what their types say. */
export type Validator = (source: Source, problems: ProblemList) => readonly ConfigPath[];

/** @throws {Error} where `schema` itself is wrong, which only a new kind of policy can cause. */
export function createValidator(schema: object): Validator {
  const validate = compileSchema(schema);
  return (source, problems) => check(schema, validate, source, problems);
}

function check(
  schema: object,
  validate: ValidateFunction,
  source: Source,
  problems: ProblemList,
): readonly ConfigPath[] {
  const root = source.root;
  if (!root || validate(root.value)) return [];
  if (coerceFromEnv(root, validate.errors ?? []) && validate(root.value)) return [];
  const found = (validate.errors ?? []).map((error) => withContext(error, schema, root.value));
  const standIns = found.filter((error) => nodeAt(root, pathOf(error)).standIn).map(pathOf);
  if (standIns.length > 0) problems.standInFails();
  const known = found.filter((error) => !nodeAt(root, pathOf(error)).lost && !isOfStandIn(error, standIns));
  const errors = chooseErrors(known);
  for (const error of errors) reportSchemaError(error, source, problems);
  return [...errors.map(pathOf), ...standIns];
}

/** A form that nothing fits because of a made-up value in it is no fault either. */
function isOfStandIn(error: ErrorObject, standIns: readonly ConfigPath[]): boolean {
  const path = pathOf(error);
  const sums = COMPOUND.has(error.keyword) || error.keyword === 'if';
  return standIns.some(
    (standIn) => path.every((step, i) => step === standIn[i]) && (sums || path.length === standIn.length),
  );
}

/**
 * What comes from the environment is text; where the schema wants a number or a boolean it becomes one if it reads as
 * one. (A version such as 1.10 in a variable stays a text where a text is meant, quoted or not.)
 */
function coerceFromEnv(root: TreeNode, errors: readonly ErrorObject[]): boolean {
  let changed = false;
  for (const error of errors) {
    if (error.keyword !== 'type') continue;
    const path = pathOf(error);
    const node = nodeAt(root, path);
    const value = node.origin ? coerced(node.origin.text, error.params.type) : undefined;
    if (value === undefined) continue;
    node.value = value;
    const parent = nodeAt(root, path.slice(0, -1)).value as Record<string, unknown>;
    parent[path.at(-1) as string] = value;
    changed = true;
  }
  return changed;
}

function coerced(text: string, type: unknown): number | boolean | undefined {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (type !== 'number' && type !== 'integer') return undefined;
  const isOdd = !/^-?\d+(\.\d+)?$/.test(text) || oddNumber(text, Number(text)) !== null;
  return isOdd ? undefined : Number(text);
}
