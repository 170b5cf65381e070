/** What ajv says → what a person needs to hear: one problem for each fault, at its key or value, and what was expected. */
import type { ErrorObject } from 'ajv';
import type { ConfigPath } from '../types/policy.ts';
import type { ProblemCode } from './codes.ts';
import type { ProblemList, Spot } from './problems.ts';
import { takesSecret } from './schema/places.ts';
import { UNITS } from './schema/units.ts';
import { COMPOUND, pathOf } from './schema-errors.ts';
import { keyOffset, nodeAt, type Source, type TreeNode, valueOffset } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

interface Told {
  readonly offset: number;
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string;
}

/** Reports one error that `chooseErrors` kept. */
export function reportSchemaError(error: ErrorObject, source: Source, problems: ProblemList): void {
  const told = tell(error, pathOf(error), source);
  const spot: Spot = { source, offset: told.offset };
  problems.error(spot, told.code, told.message, told.hint);
}

function tell(error: ErrorObject, path: ConfigPath, source: Source): Told {
  const root = source.root as TreeNode;
  const offset = valueOffset(root, path);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(error, path, root);
    case 'required':
      return missingKey(error, path, root);
    case 'type':
      return wrongType(error, path, source);
    case 'unit':
      return {
        offset,
        code: 'bad-unit',
        message: mustBe(error, path, UNITS[error.schema as string]!.expected, source),
      };
    case 'uniqueItems':
      return duplicateItem(error, path, source);
    case 'minProperties':
    case 'maxProperties':
    case 'minItems':
    case 'maxItems':
      return wrongCount(error, path, root);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { offset, code: 'out-of-range', message: mustBe(error, path, bounds(error), source) };
    default:
      return badValue(error, path, source);
  }
}

function unknownKey(error: ErrorObject, path: ConfigPath, root: TreeNode): Told {
  const key = String(error.params.additionalProperty);
  const offset = keyOffset(root, [...path, key]);
  const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
  const hint = didYouMean(key, known);
  const isRules = isRulesSchema(error, path);
  if (isRules && path.length === 0)
    return { offset, code: 'unknown-section', message: `there is no section \`${key}\``, hint };
  if (isRules && path.length === 2 && path[0] === 'policies')
    return { offset, code: 'unknown-kind', message: `there is no kind of policy \`${key}\``, hint };
  const where = path.length === 0 ? '' : ` in ${label(path)}`;
  const removed = removedKeys(error);
  if (Object.hasOwn(removed, key))
    return { offset, code: 'removed-key', message: `\`${key}\`${where} was removed`, hint: removed[key]! };
  return { offset, code: 'unknown-key', message: `unknown key \`${key}\`${where}`, hint };
}

/** Keys that an earlier version had here, and what to do about each (keyword `removedKeys` of the schema). */
function removedKeys(error: ErrorObject): Readonly<Record<string, string>> {
  return error.parentSchema?.removedKeys ?? {};
}

/** Of the two documents there are, only rules have sections. */
function isRulesSchema(error: ErrorObject, path: ConfigPath): boolean {
  if (path.length > 0) return true;
  return 'routes' in ((error.parentSchema?.properties as object | undefined) ?? {});
}

function missingKey(error: ErrorObject, path: ConfigPath, root: TreeNode): Told {
  const key = String(error.params.missingProperty);
  const offset = path.length === 0 ? root.at : keyOffset(root, path);
  const where = path.length === 0 ? 'here' : `in ${label(path)}`;
  const near = nearest(key, Object.keys((error.data as object | null) ?? {}));
  const hint = near === undefined ? expectation(error.parentSchema?.properties, key) : `is \`${near}\` meant?`;
  return { offset, code: 'missing-key', message: `\`${key}\` is missing ${where}`, hint };
}

function expectation(properties: unknown, key: string): string {
  const schema = (properties as Record<string, { description?: string }> | undefined)?.[key];
  return schema?.description ? `${key}: ${schema.description}` : '';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  object: 'a map',
  array: 'a list',
  boolean: 'true or false',
  null: 'null',
};

function wrongType(error: ErrorObject, path: ConfigPath, source: Source): Told {
  const offset = valueOffset(source.root as TreeNode, path);
  const message = 'the file is not a map of keys and values';
  if (path.length === 0) return { offset, code: 'no-sections', message, hint: HALF_WRITTEN };
  if (path.length === 1 && error.data === null) return emptySection(path, source);
  const types = [error.params.type].flat().flatMap((type) => String(type).split(','));
  const isUnit = error.parentSchema?.unit !== undefined;
  const isOdd = typeof error.data === 'number' || typeof error.data === 'boolean';
  const isInjected = nodeAt(source.root as TreeNode, path).origin !== null;
  if (!isUnit && isOdd && !isInjected && types.includes('string')) return unquotedText(error, path, source);
  const own = error.parentSchema?.patternErrorMessage;
  const expected = typeof own === 'string' ? withoutMust(own) : listed(types);
  return { offset, code: isUnit ? 'bad-unit' : 'wrong-type', message: mustBe(error, path, expected, source) };
}

/** YAML has made a number or a boolean of it: 1.10 is 1.1 now, and the text that was meant is gone. */
function unquotedText(error: ErrorObject, path: ConfigPath, source: Source): Told {
  const offset = valueOffset(source.root as TreeNode, path);
  const text = quoted(error, path, source);
  if (text === '') {
    const message = `${label(path)} must be a string, but YAML reads it as a ${typeof error.data}`;
    return { offset, code: 'unquoted-text', message, hint: `${sample(error.parentSchema)}quote it` };
  }
  const read = typeof error.data === 'boolean' ? 'a boolean' : `the number ${error.data}`;
  const message = `${label(path)} must be a string, but YAML reads \`${text}\` as ${read}`;
  return { offset, code: 'unquoted-text', message, hint: `${sample(error.parentSchema)}quote it: "${text}"` };
}

/** Often a unit is what is missing, and then quotes would not help. */
function sample(schema: ErrorObject['parentSchema']): string {
  const text: unknown = schema?.examples?.[0] ?? schema?.default;
  return typeof text === 'string' ? `write it like ${text}, or ` : '';
}

const HALF_WRITTEN = 'is the file half written?';

function emptySection(path: ConfigPath, source: Source): Told {
  const offset = keyOffset(source.root as TreeNode, path);
  return {
    offset,
    code: 'empty-section',
    message: `\`${path[0]}\` is empty`,
    hint: `remove it if it is not needed; or ${HALF_WRITTEN}`,
  };
}

function listed(types: readonly string[]): string {
  return types.map((type) => TYPE_NAMES[type] ?? type).join(' or ');
}

function duplicateItem(error: ErrorObject, path: ConfigPath, source: Source): Told {
  const node = nodeAt(source.root as TreeNode, path);
  const second = node.items?.[Math.max(error.params.i, error.params.j)] ?? node;
  const found = takesSecret(error.parentSchema ?? {}) ? 'the same entry' : `\`${source.written(second)}\``;
  const message = `${found} appears twice in ${label(path)}`;
  return { offset: second.at, code: 'duplicate-item', message, hint: 'keep one of them' };
}

function wrongCount(error: ErrorObject, path: ConfigPath, root: TreeNode): Told {
  const isPolicy = path.length === 2 && path[0] === 'policies';
  const kinds = Object.keys((error.parentSchema?.properties as object | undefined) ?? {}).join(', ');
  if (isPolicy && error.keyword === 'minProperties')
    return {
      offset: keyOffset(root, path),
      code: 'missing-kind',
      message: `${label(path)} has no kind`,
      hint: `kinds: ${kinds}`,
    };
  if (isPolicy && error.keyword === 'maxProperties') {
    const found = Object.keys(error.data as object);
    const message = `${label(path)} has several kinds: ${found.join(', ')}`;
    return {
      offset: keyOffset(root, [...path, found[1]!]),
      code: 'several-kinds',
      message: message!,
      hint: 'make a policy of each',
    };
  }
  const bound = error.keyword.startsWith('min') ? 'at least' : 'at most';
  const unit = error.params.limit === 1 ? 'entry' : 'entries';
  const message = `${label(path)} must have ${bound} ${error.params.limit} ${unit}`;
  return { offset: valueOffset(root, path), code: 'wrong-count', message };
}

function bounds(error: ErrorObject): string {
  const { minimum, maximum } = (error.parentSchema ?? {}) as { minimum?: number; maximum?: number };
  if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`;
  return `${error.params.comparison} ${error.params.limit}`;
}

function badValue(error: ErrorObject, path: ConfigPath, source: Source): Told {
  const root = source.root as TreeNode;
  if (error.propertyName !== undefined) return badName(error, path, root);
  const node = nodeAt(root, path);
  const offset = node.at;
  const own = error.parentSchema?.patternErrorMessage;
  const allowed = error.params?.allowedValues ?? (error.keyword === 'const' ? [error.params.allowedValue] : undefined);
  if (allowed) {
    const names = (allowed as unknown[]).map(String);
    const expected = typeof own === 'string' ? withoutMust(own) : oneOf(names);
    const near = node.origin ? undefined : nearest(String(error.data), names);
    const hint = near === undefined ? '' : `did you mean \`${near}\`?`;
    return { offset, code: 'bad-value', message: mustBe(error, path, expected, source), hint };
  }
  if (typeof own === 'string')
    return { offset, code: 'bad-value', message: mustBe(error, path, withoutMust(own), source) };
  const described = error.parentSchema?.description;
  const hint = typeof described === 'string' ? described : '';
  if (COMPOUND.has(error.keyword)) {
    const message = error.params.passingSchemas
      ? `${label(path)} can be read in more than one way`
      : `${label(path)} matches none of the forms that are allowed here`;
    return { offset, code: 'bad-value', message, hint: hint || 'see docs/rules.md for what is allowed here' };
  }
  return { offset, code: 'bad-value', message: `${label(path)} ${error.message}`, hint };
}

function badName(error: ErrorObject, path: ConfigPath, root: TreeNode): Told {
  const name = String(error.propertyName);
  const rule = error.parentSchema?.patternErrorMessage ?? error.message;
  return { offset: keyOffset(root, [...path, name]), code: 'bad-name', message: `the name \`${name}\` ${rule}` };
}

const MOST_NAMED = 8;

function oneOf(names: readonly string[]): string {
  return names.length > MOST_NAMED ? 'one of the names in the schema' : `one of: ${names.join(', ')}`;
}

/** Messages for editors say "must be …"; so does {@link mustBe}. */
function withoutMust(message: string): string {
  return message.replace(/^must be /, '');
}

function mustBe(error: ErrorObject, path: ConfigPath, expected: string, source: Source): string {
  if (nodeAt(source.root as TreeNode, path).value === null) return `${label(path)} must be ${expected}, but is empty`;
  const text = quoted(error, path, source);
  const found = text === '' ? (error.keyword === 'type' ? kindOf(error.data) : '') : `\`${text}\``;
  return `${label(path)} must be ${expected}${found === '' ? '' : `, not ${found}`}`;
}

/** What a value is, where it cannot be quoted. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return TYPE_NAMES.array!;
  return typeof value === 'boolean' ? `${value}` : (TYPE_NAMES[typeof value] ?? '');
}

/**
 * The value as it is written, so that what came from the environment is not told; '' where a secret can stand, be it
 * written out, because problems go to logs and to the admin API.
 */
function quoted(error: ErrorObject, path: ConfigPath, source: Source): string {
  if (takesSecret(error.parentSchema ?? {})) return '';
  return source.written(nodeAt(source.root as TreeNode, path));
}

/** The last steps of a path, as a reader would name the place. */
function label(path: ConfigPath): string {
  const last = path.slice(-3);
  return `\`${last.map((step, i) => (i > 0 && /^\d+$/.test(String(step)) ? `[${step}]` : i > 0 ? `.${step}` : step)).join('')}\``;
}
