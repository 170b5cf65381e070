/** Options of the policy kind `rateLimit`: as written, as resolved, and the checks between. */
import type { OnStoreError } from '../../store/guard.ts';
import type { ResolveContext } from '../../types/policy.ts';
import type { Limit } from '../../types/store.ts';
import { parseRate } from '../../units.ts';

export type LimitHeaders = 'standard' | 'legacy' | 'both' | 'none';

/** What stands under `rateLimit:`. */
export interface RawRateLimit {
  readonly key: string;
  readonly limit: string;
  readonly burst?: number;
  readonly algorithm?: Limit['algorithm'];
  readonly headers?: LimitHeaders;
  readonly onStoreError?: OnStoreError;
}

export interface RateLimitConfig {
  /** Template over facts. */
  readonly key: string;
  readonly limit: Limit;
  readonly headers: LimitHeaders;
  readonly onStoreError: OnStoreError;
}

export const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['key', 'limit'],
  properties: {
    key: {
      type: 'string',
      minLength: 1,
      description: 'Who shares one allowance: a template such as "${signature.key}" or "${client.network}".',
    },
    limit: {
      type: 'string',
      public: true,
      description: 'How many requests in how long: `600/1m`, `10/s`, `10000/1d`.',
      examples: ['600/1m', '10/s'],
    },
    burst: {
      type: 'integer',
      minimum: 1,
      description: 'How many may come at once (tokenBucket only); as many as the limit where it is not given.',
    },
    algorithm: {
      enum: ['tokenBucket', 'slidingWindow'],
      default: 'tokenBucket',
      description: 'tokenBucket refills evenly and allows a burst; slidingWindow counts the time just passed.',
    },
    headers: {
      enum: ['standard', 'legacy', 'both', 'none'],
      default: 'standard',
      description: 'What replies tell: `RateLimit` and `RateLimit-Policy`, `X-RateLimit-*`, both or nothing.',
    },
    onStoreError: {
      enum: ['allow', 'deny', 'local'],
      default: 'local',
      description: 'When the store cannot answer: let pass unchecked, refuse, or count in this process alone.',
    },
  },
};

/** Checks the options and fills in what was left out. */
export function resolveRateLimit(raw: RawRateLimit, context: ResolveContext): RateLimitConfig {
  const algorithm = raw.algorithm ?? 'tokenBucket';
  const rate = resolveRate(raw, context);
  if (algorithm === 'slidingWindow' && raw.burst !== undefined)
    context.problem(['burst'], 'rate-burst', 'has no effect with `slidingWindow`', 'remove it, or use `tokenBucket`');
  return {
    key: raw.key,
    limit: { algorithm, ...rate, burst: raw.burst ?? rate.count },
    headers: raw.headers ?? 'standard',
    onStoreError: raw.onStoreError ?? 'local',
  };
}

function resolveRate(raw: RawRateLimit, context: ResolveContext): { count: number; per: number } {
  const rate = parseRate(raw.limit);
  if (rate && rate.count > 0) return rate;
  context.problem(['limit'], 'bad-unit', `"${raw.limit}" is not a rate above zero`, 'write it like `600/1m` or `10/s`');
  return { count: 1, per: 1000 };
}
