/**
 * Kinds of policy for tests of the loader: the reference's six in outline, and one that fails. The real ones may change
 * without a change here; what these do is what the loader promises to kinds.
 */
import type { PolicyKind, ResolveContext, TemplateUse } from '../types/policy.ts';

const texts = { type: 'object', additionalProperties: { type: 'string' } };

const compile = () => ({});

const same = (raw: unknown) => raw;

const signature: PolicyKind = {
  kind: 'signature',
  summary: 'Checks signatures.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['keys'],
    properties: {
      keys: texts,
      headers: texts,
      sign: { type: 'string' },
      algorithm: { enum: ['hmac-sha256', 'hmac-sha512'] },
      encoding: { enum: ['base64', 'base64url', 'hex'] },
      timestamp: { enum: ['unix', 'unixMillis', 'rfc3339'] },
      window: { type: 'string' },
      replay: { const: 'nonce' },
      onStoreError: { enum: ['allow', 'deny'] },
    },
  },
  resolve: (raw: { keys: Record<string, string> }) => ({
    ...raw,
    keys: Object.entries(raw.keys).map(([id, secret]) => ({ id, secret: { secret } })),
  }),
  provides: () => ['signature.key'],
  // The reference's window of 5m, in both directions, and the skew between clocks.
  remembers: () => 605_000,
  compile,
};

const jwt: PolicyKind = {
  kind: 'jwt',
  summary: 'Checks tokens.',
  schema: {
    type: 'object',
    properties: {
      keys: {
        description: 'Where the keys come from.',
        oneOf: [
          { type: 'object', additionalProperties: false, required: ['file'], properties: { file: { type: 'string' } } },
          { type: 'object', additionalProperties: false, required: ['url'], properties: { url: { type: 'string' } } },
          { type: 'array', items: { type: 'string' } },
        ],
      },
      algorithms: { type: 'array', items: { enum: ['RS256', 'ES256', 'EdDSA'] } },
      leeway: { type: 'string' },
    },
  },
  resolve: (raw: { keys?: { file?: string } }, context: ResolveContext) =>
    raw.keys?.file ? { ...raw, keys: { file: context.resolvePath(raw.keys.file) } } : raw,
  provides: () => ['jwt.sub'],
  compile,
};

const rateLimit: PolicyKind = {
  kind: 'rateLimit',
  summary: 'Limits rates.',
  schema: {
    type: 'object',
    required: ['key', 'limit'],
    additionalProperties: false,
    properties: {
      key: { type: 'string' },
      limit: { type: 'string' },
      burst: { type: 'integer', minimum: 1 },
      algorithm: { enum: ['tokenBucket', 'slidingWindow'] },
      headers: { enum: ['standard', 'legacy', 'both', 'none'] },
      onStoreError: { enum: ['allow', 'deny', 'local'] },
    },
  },
  resolve: (raw: { limit: string }, context: ResolveContext) => {
    if (!/^\d+\/\d*[smhd]$/.test(raw.limit)) context.problem(['limit'], 'rate', `no rate: ${raw.limit}`, 'like 10/s');
    return raw;
  },
  templates: ({ key }: { key: string }) => [{ at: ['key'], text: key, phase: 'admit' as const }],
  compile,
};

const params: PolicyKind = {
  kind: 'params',
  summary: 'Filters parameters.',
  schema: {
    type: 'object',
    properties: { allow: { type: 'array', items: { type: 'string' } }, unknown: { enum: ['drop', 'reject'] } },
  },
  resolve: same,
  needsBody: () => true,
  compile,
};

type Target = string | { readonly upstream: string; readonly path: string };

const entriesOf = (config: { map: Record<string, Target> }) => Object.entries(config.map);

const versions: PolicyKind = {
  kind: 'versions',
  summary: 'Maps versions.',
  schema: {
    type: 'object',
    required: ['map'],
    properties: {
      map: {
        type: 'object',
        additionalProperties: {
          if: { type: 'object' },
          // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword
          then: { required: ['upstream'] },
          else: { type: 'string' },
        },
      },
    },
  },
  resolve: same,
  upstreams: (config) =>
    entriesOf(config).flatMap(([key, to]) =>
      typeof to === 'string' ? [] : [{ name: to.upstream, at: ['map', key, 'upstream'] }],
    ),
  urls: (config, policy) =>
    entriesOf(config).flatMap(([key, to]) =>
      typeof to === 'string' && to.includes('://') ? [{ name: `${policy}:${key}`, url: to, at: ['map', key] }] : [],
    ),
  compile,
};

interface Edits {
  readonly set?: Record<string, string>;
}

const uses = (edits: Edits | undefined, direction: string, phase: TemplateUse['phase']) =>
  Object.entries(edits?.set ?? {}).map(([name, text]) => ({ at: [direction, 'set', name], text, phase }));

const edits = { type: 'object', properties: { set: texts, remove: { type: 'array', items: { type: 'string' } } } };

const headers: PolicyKind = {
  kind: 'headers',
  summary: 'Edits headers.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { request: edits, response: edits },
  },
  resolve: same,
  templates: (config: { request?: Edits; response?: Edits }) => [
    ...uses(config.request, 'request', 'admit'),
    ...uses(config.response, 'response', 'reply'),
  ],
  compile,
};

const faulty: PolicyKind = {
  kind: 'faulty',
  summary: 'Fails always.',
  schema: { type: 'object' },
  resolve: () => {
    throw new Error('a bug');
  },
  compile,
};

export const FIXTURE_KINDS: readonly PolicyKind[] = [signature, jwt, rateLimit, params, versions, headers, faulty];
