import { ERRORS } from '../../errors.ts';
import { BODY, METHOD_EXPECTED, METHODS, type Written } from './common.ts';

const TEXTS = { type: 'object', additionalProperties: { type: 'string' } } as const;

export const TEST = {
  type: 'object',
  description: 'One request through the rules: no network, no clock, no store but what is given here.',
  additionalProperties: false,
  required: ['request', 'expect'],
  properties: {
    given: {
      type: 'object',
      description: 'The state of the world.',
      additionalProperties: false,
      properties: {
        breakers: {
          type: 'object',
          description: 'upstream/endpoint → state of its breaker.',
          additionalProperties: { enum: ['open', 'closed', 'halfOpen'] },
          examples: [{ 'claude/eu-1': 'open' }],
        },
        now: {
          type: 'string',
          public: true,
          description: 'ISO 8601; the clock is stopped at this time.',
          examples: ['2026-01-31T12:00:00Z'],
        },
      },
    },
    request: {
      type: 'object',
      description: 'The request.',
      additionalProperties: false,
      required: ['path'],
      properties: {
        method: { enum: METHODS, patternErrorMessage: METHOD_EXPECTED, default: 'GET', description: 'Upper case.' },
        host: { type: 'string', public: true, minLength: 1, default: 'localhost', description: 'Without port.' },
        path: {
          type: 'string',
          pattern: '^/',
          patternErrorMessage: 'must be a path that begins with `/`',
          description: 'With its query.',
        },
        headers: { ...TEXTS, description: 'Header fields.' },
        ...BODY,
        address: { type: 'string', public: true, default: '127.0.0.1', description: 'Address of the client.' },
        country: {
          type: 'string',
          public: true,
          description: 'Country of the client, whatever the database has for its address.',
        },
      },
    },
    expect: {
      type: 'object',
      description: 'What must hold; what is not named is not checked.',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        route: { type: 'string', public: true, description: 'Name of the route that takes it.' },
        status: { type: 'integer', minimum: 100, maximum: 599, description: 'Status of the answer.' },
        policy: { type: 'string', public: true, description: 'Name of the policy that answers.' },
        endpoint: {
          type: 'string',
          public: true,
          description: 'upstream/endpoint that the request is sent to.',
          examples: ['claude/eu-1'],
        },
        path: { type: 'string', description: 'What the upstream is asked for.' },
        code: { enum: Object.keys(ERRORS), description: 'Code of the error that Weir makes.' },
        headers: { ...TEXTS, description: 'Header fields that the upstream gets.' },
      },
    },
  },
} as const;

export const TESTS = {
  type: 'object',
  description: 'Tests of the rules by name, run by `weir test`.',
  additionalProperties: TEST,
} as const;

/** A test as it is written. */
export type RawTest = Written<typeof TEST>;
