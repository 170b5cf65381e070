/** What a story may say, so that a typing error in one is told and not silently untested. */
import { Ajv } from 'ajv';
import { parseDocument } from 'yaml';
import type { Signer } from './signer.ts';
import type { Fields, Script } from './upstream.ts';

export interface RequestStep {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Fields;
  readonly body?: string;
  readonly json?: unknown;
  /** Sends the body in chunks of a few bytes. */
  readonly chunked?: boolean;
  /** Goes into X-Forwarded-For. */
  readonly from?: string;
  /** Name of a signer, or one with some things different. */
  readonly sign?: string | (Partial<Signer> & { readonly as?: string });
  /** Sent so often; one after the other unless `together` says more. */
  readonly times?: number;
  /** So many at once. */
  readonly together?: number;
}

export interface Expectation {
  readonly status?: number;
  readonly headers?: Fields;
  readonly body?: string;
  readonly json?: unknown;
  /** The transfer breaks off. */
  readonly broken?: boolean;
  /** 1xx answers before the reply. */
  readonly interim?: readonly unknown[];
  readonly trailers?: readonly string[];
  /** What the upstream saw; null where none was asked. */
  readonly upstream?: object | null;
  /** The request's line in the access log. */
  readonly log?: object;
  /** Over all copies of the request: how often each status, or each body, came. */
  readonly statuses?: Readonly<Record<string, unknown>>;
  readonly bodies?: Readonly<Record<string, unknown>>;
}

export type Step = Readonly<Record<string, unknown>> & { readonly say?: string; readonly expect?: Expectation };

export interface Story {
  readonly story: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly upstreams?: Readonly<Record<string, Script | readonly Script[]>>;
  readonly signers?: Readonly<Record<string, Signer>>;
  readonly rules: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

const text = { type: 'string' };
const count = { type: 'integer', minimum: 1 };
const map = { type: 'object' };
const closed = (properties: Record<string, object>, required: string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

const script = closed({
  status: count,
  headers: map,
  body: text,
  json: {},
  interim: { type: 'array', items: closed({ status: count, headers: map }, ['status']) },
  trailers: map,
  chunked: { type: 'boolean' },
  dies: { enum: ['before', 'body'] },
  hangs: { enum: ['before', 'body'] },
  raw: text,
});
const scripts = { anyOf: [script, { type: 'array', items: script, minItems: 1 }] };

const signer = {
  as: text,
  secret: text,
  key: { type: ['string', 'null'] },
  template: text,
  algorithm: { enum: ['sha256', 'sha384', 'sha512'] },
  encoding: { enum: ['base64', 'base64url', 'hex'] },
  timestamp: { enum: ['unix', 'unixMillis', 'rfc3339'] },
  nonce: text,
  shift: text,
  fields: map,
};

const request = closed({
  method: text,
  path: text,
  host: text,
  headers: map,
  body: text,
  json: {},
  chunked: { type: 'boolean' },
  from: text,
  sign: { anyOf: [text, closed(signer)] },
  times: count,
  together: count,
});

const expectation = closed({
  status: count,
  headers: map,
  body: text,
  json: {},
  broken: { type: 'boolean' },
  interim: { type: 'array' },
  trailers: { type: 'array', items: text },
  upstream: { type: ['object', 'null'] },
  log: map,
  statuses: map,
  bodies: map,
});

/** What a step does; each has exactly one of these. */
const VERBS = {
  request,
  again: closed({ times: count, together: count }),
  admin: closed({ method: text, path: text, headers: map }, ['path']),
  apply: map,
  refuse: map,
  write: map,
  remove: { type: 'array', items: text },
  rename: map,
  revision: { enum: ['another', 'the same'] },
  signal: text,
  play: { type: 'object', additionalProperties: scripts },
  metrics: map,
  status: map,
  log: map,
  nowhere: { type: 'array', items: text },
};

const step = {
  type: 'object',
  additionalProperties: false,
  properties: { say: text, expect: expectation, ...VERBS },
  oneOf: Object.keys(VERBS).map((verb) => ({ required: [verb] })),
};

const story = closed(
  {
    story: text,
    config: map,
    env: map,
    files: map,
    upstreams: { type: 'object', additionalProperties: scripts },
    signers: { type: 'object', additionalProperties: closed(signer, ['secret']) },
    rules: map,
    steps: { type: 'array', minItems: 1, items: step },
  },
  ['story', 'rules', 'steps'],
);

/** Reads a story. @throws {Error} that says what is wrong with it, and where. */
export function parseStory(file: string, source: string): Story {
  const document = parseDocument(source);
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
  const value = document.toJS() as Story;
  const validate = new Ajv({ allowUnionTypes: true, allErrors: true }).compile(story);
  if (validate(value)) return value;
  const problems = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
  throw new Error(`${file} is no story:\n${problems.join('\n')}`);
}
