import { DURATION, DURATION_RANGE, NAMES, PERCENT, PROTOCOL, THRESHOLD, type Written } from './common.ts';

const STATUS = { type: 'integer', minimum: 400, maximum: 599 } as const;

/** One of `names`, or a status. */
const outcome = <const N extends readonly string[]>(...names: N) =>
  ({
    anyOf: [
      { enum: names, patternErrorMessage: `must be one of: ${names.join(', ')}, or a status from 400 to 599` },
      STATUS,
    ],
  }) as const;

export const ENDPOINT = {
  type: 'object',
  description: 'One URL with its labels.',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: {
      type: 'string',
      description: 'http or https, host, port and a path prefix; no credentials, query or fragment.',
      examples: ['http://127.0.0.1:9101', 'https://api.example.com/base'],
    },
    region: {
      type: 'string',
      public: true,
      minLength: 1,
      description: 'Name of a region; without it the endpoint serves every region.',
    },
    weight: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 1,
      description: 'Share of the traffic beside the other endpoints; 0 takes none.',
    },
  },
} as const;

const QUEUE = {
  type: 'object',
  description: 'While all connections are in use, requests wait in a queue for one.',
  additionalProperties: false,
  properties: {
    max: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 1024,
      description: 'Waiting at once, at most, for each endpoint and traffic thread; further ones are refused at once.',
    },
    wait: { ...DURATION, default: '10s', description: 'How long a request may wait.' },
  },
} as const;

const POOL = {
  type: 'object',
  description: 'Connections to each endpoint, for each traffic thread.',
  additionalProperties: false,
  properties: {
    connections: {
      type: 'integer',
      minimum: 1,
      maximum: 65_535,
      default: 4096,
      description:
        'Open at once, at most, for each endpoint and traffic thread. Over HTTP/1.1 each open stream holds one.',
    },
    queue: QUEUE,
    idle: { ...DURATION, default: '30s', description: 'How long an unused connection is kept.' },
    connect: { ...DURATION, default: '1s', description: 'How long connecting may take.' },
    tlsHandshake: { ...DURATION, default: '5s', description: 'How long the TLS handshake may take.' },
    http2: {
      type: 'boolean',
      default: false,
      description: 'Speak HTTP/2: with https endpoints that agree to it, and with http endpoints without asking.',
    },
  },
} as const;

const TIMEOUTS = {
  type: 'object',
  description: 'How long one attempt may take.',
  additionalProperties: false,
  properties: {
    send: { ...DURATION, default: '30s', description: 'Between two writes of the request.' },
    firstByte: { ...DURATION, default: '60s', description: 'From the request’s end to the head of the reply.' },
    idle: { ...DURATION, default: '60s', description: 'Between two pieces of the reply.' },
    total: { ...DURATION, default: '10m', description: 'The whole request with all its attempts.' },
  },
} as const;

const BREAKER = {
  type: 'object',
  description: 'Takes an endpoint that fails too often out of the choice for a while. Absent: no breaker.',
  additionalProperties: false,
  properties: {
    window: { ...DURATION, default: '60s', description: 'How far back requests count.' },
    minRequests: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 10,
      description: 'Fewer than this many in the window never open it.',
    },
    failureRate: { ...PERCENT, default: '50%', description: 'Share of failures that opens it.' },
    openFor: { ...DURATION, default: '60s', description: 'How long it stays open before probes are allowed.' },
    probes: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 1,
      description: 'Probes at once while half open; this many successes close it.',
    },
    failures: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      description: 'What counts as a failure: connect, timeout, truncated, reset, 5xx, or a status.',
      default: ['connect', 'timeout', 'truncated', '5xx'],
      items: outcome('connect', 'timeout', 'truncated', 'reset', '5xx'),
    },
  },
} as const;

const RETRY = {
  type: 'object',
  description: 'Another attempt, at another endpoint where there is one. Absent: none.',
  additionalProperties: false,
  properties: {
    attempts: { type: 'integer', minimum: 1, maximum: 10, default: 3, description: 'In all, the first one included.' },
    on: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      description: 'What is worth another attempt: connect, busy, timeout, reset, 5xx, or a status.',
      default: ['connect', 'busy', 429, 502, 503, 504, 529],
      items: outcome('connect', 'busy', 'timeout', 'reset', '5xx'),
    },
    backoff: { ...DURATION_RANGE, default: '500ms..5s', description: 'Shortest and longest wait before a retry.' },
    budget: { ...PERCENT, default: '20%', description: 'Retries as a share of requests, at most.' },
    unsafe: {
      type: 'boolean',
      default: false,
      description:
        'Also repeat requests whose method must not be repeated (POST, PATCH) after failures in which the upstream may have acted on them. It may then act twice.',
    },
  },
} as const;

const HEALTH = {
  type: 'object',
  description: 'Active health probes of each endpoint. Absent: none.',
  additionalProperties: false,
  properties: {
    path: {
      type: 'string',
      public: true,
      pattern: '^/[!-"$-~]*$',
      patternErrorMessage: 'must be a path that begins with `/`',
      default: '/healthz',
      description: 'Path that is requested with GET; a 2xx reply is a success, anything else a failure.',
    },
    every: { ...DURATION, default: '5s', description: 'Between two probes.' },
    timeout: { ...DURATION, default: '1s', description: 'How long an answer may take.' },
    healthy: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 2,
      description: 'Successful probes in a row until it is healthy again.',
    },
    unhealthy: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 3,
      description: 'Failed probes in a row until it is unhealthy.',
    },
    panic: {
      ...THRESHOLD,
      default: '50%',
      description: 'If a smaller share of endpoints than this is healthy, all are used; 0% or off: never.',
    },
  },
} as const;

export const UPSTREAM = {
  type: 'object',
  description: 'A named group of endpoints.',
  additionalProperties: false,
  required: ['endpoints'],
  properties: {
    protocol: { ...PROTOCOL, default: 'generic' },
    forwarder: {
      enum: ['http', 'http-proxy'],
      default: 'http',
      description: 'How requests are sent. http-proxy is the library of that name; it is slower.',
    },
    endpoints: {
      type: 'object',
      minProperties: 1,
      description: 'Endpoints by name.',
      propertyNames: NAMES,
      additionalProperties: ENDPOINT,
    },
    choose: {
      type: 'array',
      uniqueItems: true,
      minItems: 1,
      description: 'Narrowing steps, in order. Without it: region (where an endpoint has one), then weight.',
      items: { enum: ['region', 'latency', 'weight', 'leastBusy', 'hash'] },
    },
    fallback: {
      type: 'array',
      uniqueItems: true,
      default: [],
      description: 'Regions tried, in order, when no endpoint of the client’s own can be used.',
      items: { type: 'string', public: true },
    },
    pool: POOL,
    timeouts: TIMEOUTS,
    breaker: BREAKER,
    retry: RETRY,
    health: HEALTH,
  },
} as const;

export const UPSTREAMS = {
  type: 'object',
  description: 'Upstreams by name: where requests go.',
  propertyNames: NAMES,
  additionalProperties: UPSTREAM,
} as const;

/** An upstream as it is written. */
export type RawUpstream = Written<typeof UPSTREAM>;
