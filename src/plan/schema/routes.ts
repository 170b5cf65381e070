import { BODY, DISCONNECT, METHOD_EXPECTED, METHODS, NAMES, PROTOCOL, SIZE, type Written } from './common.ts';

const MATCH = {
  type: 'object',
  description: 'Which requests this route matches. The most specific route wins; of equally specific ones, the first.',
  additionalProperties: false,
  properties: {
    host: {
      type: ['string', 'array'],
      public: true,
      minLength: 1,
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      default: '*',
      description: 'A host, `*.example.com`, or `*`; or a list of them. Without port.',
      examples: ['api.example.com', '*.example.com', '*'],
    },
    path: {
      type: 'string',
      default: '/**',
      description: 'Exact, or with `:name` or `*` for one segment and `**` at the end for the rest.',
      examples: ['/v1/messages', '/v1/models/:id', '/v1/**'],
    },
    methods: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: METHODS, patternErrorMessage: METHOD_EXPECTED },
      description: 'Upper case; without it any. GET includes HEAD.',
      examples: [['POST']],
    },
    headers: {
      type: 'object',
      description: 'Header name → exact value, or `*` for any value.',
      additionalProperties: { type: 'string' },
      examples: [{ 'x-beta': '*' }],
    },
    country: {
      type: ['string', 'array'],
      public: true,
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string' },
      description: 'ISO 3166-1 alpha-2 code of the client’s country, or a list of them.',
      examples: ['DE', ['DE', 'FR']],
    },
  },
} as const;

const REPLY = {
  type: 'object',
  description: 'A fixed answer, instead of an upstream. It is sent as written, without templates.',
  additionalProperties: false,
  required: ['status'],
  properties: {
    status: { type: 'integer', minimum: 200, maximum: 599, description: 'HTTP status.' },
    ...BODY,
    headers: {
      type: 'object',
      description: 'Header fields of the answer.',
      additionalProperties: { type: 'string' },
    },
  },
} as const;

export const ROUTE = {
  type: 'object',
  description: 'match → policies → upstream',
  additionalProperties: false,
  properties: {
    match: MATCH,
    use: {
      type: 'array',
      items: { type: 'string', public: true },
      default: [],
      description: 'Policies in the order they run on requests; on replies they run in reverse.',
    },
    to: {
      type: ['string', 'object'],
      public: true,
      minProperties: 1,
      additionalProperties: { type: 'integer', minimum: 0, maximum: 1_000_000 },
      description: 'An upstream; or upstreams with weights, sticky by client.',
      examples: ['claude', { claude: 90, archive: 10 }],
    },
    reply: REPLY,
    body: {
      type: 'object',
      description: 'The request’s body.',
      additionalProperties: false,
      properties: { max: { ...SIZE, description: 'Largest body that is buffered; without it the process limit.' } },
    },
    onDisconnect: {
      ...DISCONNECT,
      default: 'cancel',
      description: 'What happens to the upstream request when the client disconnects: cancel, or drain 30s.',
    },
    errors: {
      enum: ['pass', 'map'],
      default: 'pass',
      description: 'map: error statuses of the upstream become JSON bodies with a code.',
    },
    protocol: { ...PROTOCOL, description: `${PROTOCOL.description} Without it that of the (first) upstream.` },
  },
} as const;

export const ROUTES = {
  type: 'object',
  description: 'Routes by name.',
  propertyNames: NAMES,
  additionalProperties: ROUTE,
} as const;

/** A route as it is written. */
export type RawRoute = Written<typeof ROUTE>;
