/** The schema of `config/weir.yaml`. */
import { DEFAULT_NONCES, MOST_NONCES } from '../../store/nonces.ts';
import { DURATION, SIZE, type Written } from './common.ts';

const ADDRESS = {
  type: 'string',
  public: true,
  description: 'IP address (or localhost) and port; an IPv6 address is written in brackets.',
  examples: ['127.0.0.1:8080', '0.0.0.0:80', '[::1]:8080'],
} as const;

const TLS = {
  type: 'object',
  description: 'Speak TLS on this address.',
  additionalProperties: false,
  properties: {
    minVersion: { enum: ['TLSv1.2', 'TLSv1.3'], default: 'TLSv1.2', description: 'Oldest version that is accepted.' },
    certificates: {
      type: 'array',
      description: 'Chosen by SNI from each certificate’s own names; read again when a file changes.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['cert', 'key'],
        properties: {
          cert: {
            type: 'string',
            public: true,
            minLength: 1,
            description: 'PEM file with the certificate and its chain.',
          },
          key: { type: 'string', public: true, minLength: 1, description: 'PEM file with the private key.' },
        },
      },
    },
  },
} as const;

const MEMORY = {
  type: 'object',
  description: 'State in memory that the traffic threads share; bounded.',
  additionalProperties: false,
  properties: {
    nonces: {
      type: 'integer',
      minimum: 1024,
      maximum: MOST_NONCES,
      default: DEFAULT_NONCES,
      description:
        'Signed requests remembered at once, each for up to twice the window of its policy; when full, a signature policy does what its onStoreError says.',
    },
    limits: {
      type: 'integer',
      minimum: 1024,
      maximum: 2 ** 24,
      default: 2 ** 16,
      description:
        'Rate-limit keys remembered at once, in equal shares for the policies; when full, those with the most of their allowance left are evicted.',
    },
  },
} as const;

const REDIS = {
  type: 'object',
  description: 'State that several machines share. Not in this build.',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: { type: 'string', description: 'redis:// or rediss://', examples: ['redis://127.0.0.1:6379'] },
    prefix: { type: 'string', public: true, default: 'weir:', description: 'Prefix of every key.' },
    timeout: { ...DURATION, default: '50ms', description: 'Longest time that a request waits for it.' },
  },
} as const;

const FIELD_NAMES = {
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', public: true, minLength: 1 },
  default: [],
} as const;

const LIMITS = {
  type: 'object',
  description: 'Bounds for every request.',
  additionalProperties: false,
  properties: {
    headerSize: { ...SIZE, default: '16KiB', description: 'Head of a request.' },
    bodySize: { ...SIZE, default: '10MiB', description: 'Buffered bodies only; a route may lower or raise it.' },
    headerTimeout: { ...DURATION, default: '10s', description: 'To receive the head.' },
    requestTimeout: {
      ...DURATION,
      default: '60s',
      description:
        'How far a client may fall behind while it sends a body. Every `uploadRate` octets give a second back, up to this time; the clock stops while Weir does not read from the client.',
    },
    uploadRate: {
      ...SIZE,
      default: '500B',
      description:
        'Octets a second at which a client is never too slow, whatever the size of its body; with 0B any octet gives all of `requestTimeout` back.',
    },
    idleTimeout: { ...DURATION, default: '75s', description: 'Keep-alive.' },
    connections: {
      anyOf: [
        { const: 'auto', patternErrorMessage: 'must be auto, or a number from 1 to 10000000' },
        { type: 'integer', minimum: 1, maximum: 10_000_000 },
      ],
      default: 'auto',
      description:
        'Client connections open at once, for each listener and traffic thread; further ones are closed. auto is 20000, or fewer where there are not two file descriptors for each.',
    },
    drainTimeout: { ...DURATION, default: '30s', description: 'How long SIGTERM waits for open requests.' },
    drainGrace: {
      ...DURATION,
      default: '2s',
      description:
        'How long SIGTERM keeps WebSockets, and connections without a request, on which one may be on its way; at most `drainTimeout`.',
    },
    policyTimeout: {
      ...DURATION,
      default: '10s',
      description:
        'How long one policy may keep a request waiting, for a key or a store for example; then the request is answered with 503 `POLICY_TIMEOUT`.',
    },
  },
} as const;

const WATCHDOG = {
  type: 'object',
  description: 'When a traffic thread is replaced although it has not died.',
  additionalProperties: false,
  properties: {
    unresponsive: {
      ...DURATION,
      default: '2s',
      description:
        'A thread whose event loop has not turned for this long is reported as unresponsive; at least 200ms.',
    },
    replace: {
      ...DURATION,
      default: '10s',
      description: 'One whose event loop has not turned for this long is replaced; its connections are closed.',
    },
    memory: {
      ...SIZE,
      description:
        'Most memory of one traffic thread, half of it for its heap and half for its buffers; at least 128MiB. One that takes more is replaced. By default three quarters of the memory of the machine or container, divided by the threads, but no less than 256MiB and no more than 4GiB.',
    },
  },
} as const;

export const CONFIG = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Weir process settings',
  description: 'Read at start. What changes while Weir runs is in the rules folder.',
  type: 'object',
  additionalProperties: false,
  required: ['listeners'],
  properties: {
    listeners: {
      type: 'array',
      minItems: 1,
      description: 'Addresses on which Weir accepts requests.',
      items: {
        type: 'object',
        additionalProperties: false,
        removedKeys: { edge: "delete it: Weir's own HTTP/1.1 reads the requests of every listener" },
        required: ['address'],
        properties: {
          address: ADDRESS,
          tls: TLS,
          halfClose: {
            type: 'boolean',
            default: false,
            description:
              'Answer clients that shut down their sending side after a whole request; without it their requests are cancelled. Not with `tls`.',
          },
        },
      },
    },
    admin: {
      type: 'object',
      description: 'Health, metrics and the API. Absent: no admin listener.',
      additionalProperties: false,
      required: ['address'],
      properties: {
        address: ADDRESS,
        token: {
          type: 'string',
          minLength: 1,
          description: 'Bearer token of 22 characters or more; needed on any address but loopback.',
        },
        allowShortSecrets: {
          type: 'boolean',
          default: false,
          description: 'Accept a shorter token: anyone who guesses it can reload and read the rules.',
        },
      },
    },
    threads: {
      anyOf: [
        { const: 'auto', patternErrorMessage: 'must be auto, or a number from 1 to 1024' },
        { type: 'integer', minimum: 1, maximum: 1024 },
      ],
      default: 'auto',
      description: 'Traffic threads: a number, or auto for one per core.',
    },
    rules: {
      type: 'string',
      public: true,
      minLength: 1,
      default: '../rules',
      description: 'A folder; its *.yaml are one rule set.',
    },
    reload: {
      type: 'object',
      description: 'How changes of files are applied while Weir runs.',
      additionalProperties: false,
      properties: {
        settle: {
          ...DURATION,
          default: '500ms',
          description:
            'How long the rules folder, files with certificates and country data must stay unchanged before a change is applied. A reload by SIGHUP or POST /api/v1/reload applies the rules at once, as they are.',
        },
      },
    },
    runtime: {
      type: 'string',
      public: true,
      minLength: 1,
      description:
        'A folder that only this user can write to, for the Unix socket by which weir serve --takeover finds the running process; by default $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/weir or weir-UID in the temporary folder.',
    },
    state: {
      type: 'string',
      minLength: 1,
      description:
        'A folder that only this user can write to, where the last good rules are kept for a start that finds broken ones; by default $STATE_DIRECTORY, $XDG_STATE_HOME/weir or ~/.local/state/weir.',
    },
    watchdog: WATCHDOG,
    store: {
      type: ['string', 'object'],
      pattern: '^memory$',
      patternErrorMessage: 'must be memory, { memory: … } or { redis: … }',
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: { memory: MEMORY, redis: REDIS },
      default: 'memory',
      description: 'Where counters, nonces and caches live: memory, { memory: … } or { redis: … }.',
    },
    geoip: {
      type: 'object',
      description: 'Which country an address belongs to.',
      additionalProperties: false,
      properties: {
        database: {
          type: 'string',
          public: true,
          minLength: 1,
          default: 'bundled',
          description: 'bundled, or the path of a MaxMind-format country or city database; watched.',
        },
        overrides: {
          type: 'string',
          public: true,
          minLength: 1,
          description: 'Path of a file of lines `cidr,country`, which take precedence over the database; watched.',
        },
        required: {
          type: 'boolean',
          default: true,
          description:
            'Without usable files Weir does not start. With false every country is unknown then, and rules that name countries or regions match as if there were none.',
        },
      },
    },
    trustedProxies: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', public: true },
      default: [],
      description: 'Networks in CIDR form whose X-Forwarded-For, -Host, -Proto and X-Request-Id are believed.',
      examples: [['127.0.0.1/32', '10.0.0.0/8']],
    },
    passHeaders: {
      type: 'object',
      description:
        'Request fields that go upstream although they are dropped by default: what only a proxy may say (X-Real-IP, Forwarded, X-Original-URL and the like), and names that are one of those, or of framing, where `_` is read as `-`.',
      additionalProperties: false,
      properties: {
        fromTrusted: { ...FIELD_NAMES, description: 'Names of fields that pass from trustedProxies.' },
        fromAnyone: { ...FIELD_NAMES, description: 'Names of fields that pass from any client.' },
      },
      examples: [{ fromTrusted: ['cf-connecting-ip', 'x-forwarded-port'] }],
    },
    log: {
      type: 'object',
      description: 'What is logged and how.',
      additionalProperties: false,
      properties: {
        level: {
          enum: ['debug', 'info', 'warn', 'error', 'silent'],
          default: 'info',
          description: 'Lowest level that is logged.',
        },
        format: { enum: ['json', 'ecs', 'pretty'], default: 'json', description: 'Format of a line.' },
        access: { type: 'boolean', default: true, description: 'One line for each request.' },
      },
    },
    limits: LIMITS,
  },
} as const;

/** The settings as they are written. */
export type RawConfig = Written<typeof CONFIG>;
