/** Pieces that the schemas of several sections share. Pieces, not `$ref`s: types are inferred from them too. */
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { UNITS } from './units.ts';

/** What stands in a file that fits the schema: what has a default may be left out. */
export type Written<S extends JSONSchema> = FromSchema<S, { keepDefaultedPropertiesOptional: true }>;

/** A text in one of {@link UNITS}. Editors see the text before the environment is put in, so they let references pass. */
const unit = <const U extends string>(name: U) =>
  ({
    type: 'string',
    unit: name,
    pattern: `^(${UNITS[name]!.pattern}|.*\\$\\{env:.*)$`,
    patternErrorMessage: `must be ${UNITS[name]!.expected}`,
  }) as const;

export const DURATION = unit('duration');
export const SIZE = unit('size');
export const PERCENT = unit('percent');
export const THRESHOLD = unit('threshold');
export const DURATION_RANGE = unit('durationRange');
export const DISCONNECT = unit('disconnect');

/** Names go into logs, metrics and `upstream/endpoint` ids, so they hold nothing that would need escaping there. */
export const NAMES = {
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  patternErrorMessage: 'must be 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter or digit',
} as const;

export const PROTOCOLS = ['generic', 'anthropic', 'openai'] as const;

export const PROTOCOL = {
  enum: PROTOCOLS,
  description: 'Shape of the errors that Weir itself makes: RFC 9457 problem+json, the Claude API’s, or OpenAI’s.',
} as const;

/** What a request or an answer can hold; at most one of them is given. */
export const BODY = {
  json: { description: 'The body as JSON; sets content-type to application/json unless `headers` says otherwise.' },
  text: {
    type: 'string',
    description: 'The body as text; sets content-type to text/plain; charset=utf-8 unless `headers` says otherwise.',
  },
  body: { type: 'string', description: 'The body as it is; sets no content-type.' },
} as const;

export const METHOD_EXPECTED = 'must be a method such as GET or POST, in upper case';

export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'SEARCH',
  'REPORT',
] as const;
