/** What ajv reports, thinned out to one error for each fault. */
import type { ErrorObject } from 'ajv';
import type { ConfigPath } from '../types/policy.ts';
import { nearest } from './suggest.ts';

/** The path that an error is about. */
export function pathOf(error: ErrorObject): ConfigPath {
  return stepsOf(error.instancePath);
}

/** The steps of a JSON pointer (RFC 6901). */
function stepsOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * The error with what ajv's option `verbose` adds: the keyword's value, the schema it stands in, and the value that does not
 * fit. Both are looked up by their paths here, because in the code they would take as much room as the checks.
 */
export function withContext(error: ErrorObject, schema: object, document: unknown): ErrorObject {
  // A schema's path is the fragment of a URI (RFC 6901, section 6).
  const place = stepsOf(error.schemaPath).map(decodeURIComponent);
  const parentSchema = valueAt(schema, place.slice(0, -1)) as ErrorObject['parentSchema'];
  const data = error.propertyName ?? valueAt(document, pathOf(error));
  return { ...error, schema: valueAt(schema, place), parentSchema, data };
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], root);
}

/** Keywords whose error sums up those of their branches. */
export const COMPOUND: ReadonlySet<string> = new Set(['anyOf', 'oneOf']);

/**
 * Keeps one error where ajv reports several for one fault: of `anyOf` and `oneOf` the branch that was most likely
 * meant, no `propertyNames` beside what it found, no count of keys beside an unknown key.
 */
export function chooseErrors(errors: readonly ErrorObject[]): ErrorObject[] {
  const compounds = errors.filter((error) => COMPOUND.has(error.keyword));
  const kept = errors.filter((error) => !compounds.some((compound) => isBelow(error, compound)));
  const chosen = kept.flatMap((error) => (COMPOUND.has(error.keyword) ? fromBranches(error, errors) : [error]));
  const typos = chosen.filter((e) => e.keyword === 'additionalProperties').map(misspelt);
  const unknownKeysAt = new Set(chosen.filter((e) => e.keyword === 'additionalProperties').map((e) => e.instancePath));
  return chosen.filter((error) => {
    if (error.keyword === 'propertyNames' || error.keyword === 'if') return false;
    if (error.keyword === 'pattern' && error.parentSchema?.unit) return false;
    if (error.keyword === 'required' && typos.includes(`${error.instancePath}\0${error.params.missingProperty}`))
      return false;
    const counts = error.keyword === 'minProperties' || error.keyword === 'maxProperties';
    return !(counts && unknownKeysAt.has(error.instancePath));
  });
}

/** The key that an unknown one was most likely meant to be, with its path. */
function misspelt(error: ErrorObject): string {
  const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
  return `${error.instancePath}\0${nearest(String(error.params.additionalProperty), known) ?? ''}`;
}

function isBelow(error: ErrorObject, compound: ErrorObject): boolean {
  return (
    error !== compound &&
    error.schemaPath.startsWith(`${compound.schemaPath}/`) &&
    error.instancePath.startsWith(compound.instancePath)
  );
}

/** The errors of the one branch that takes values of this type; the compound error itself where that is not clear. */
function fromBranches(compound: ErrorObject, all: readonly ErrorObject[]): ErrorObject[] {
  if (compound.params.passingSchemas) return [compound];
  const branches = new Map<string, ErrorObject[]>();
  for (const error of all) {
    if (!isBelow(error, compound)) continue;
    const branch = error.schemaPath.slice(compound.schemaPath.length + 1).split('/')[0]!;
    branches.set(branch, [...(branches.get(branch) ?? []), error]);
  }
  const fitting = [...branches.values()].filter((errors) => !errors.some((error) => isOtherType(error, compound)));
  if (fitting.length === 1) return chooseErrors(fitting[0]!);
  // Of several maps, the one that has every key, or all but for their spelling, was meant.
  const misses = fitting.map((errors) => chooseErrors(errors));
  const meant = misses.filter((errors) => errors.every((error) => !isUnknownShape(error) || isTypo(error)));
  return meant.length === 1 ? meant[0]! : [compound];
}

/** Does the error say that the value is of another type altogether? */
function isOtherType(error: ErrorObject, compound: ErrorObject): boolean {
  if (error.instancePath !== compound.instancePath) return false;
  if (error.keyword === 'type') return true;
  const allowed = error.keyword === 'enum' ? error.params.allowedValues : [error.params.allowedValue];
  const compares = error.keyword === 'enum' || error.keyword === 'const';
  return compares && !allowed.some((value: unknown) => typeof value === typeof error.data);
}

function isTypo(error: ErrorObject): boolean {
  return error.keyword === 'additionalProperties' && !misspelt(error).endsWith('\0');
}

function isUnknownShape(error: ErrorObject): boolean {
  return error.keyword === 'required' || error.keyword === 'additionalProperties';
}
