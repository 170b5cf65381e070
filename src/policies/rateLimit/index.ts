/** The policy kind `rateLimit`: what it does, when, and its options are in README.md beside this file. */
import type { PolicyKind } from '../../types/policy.ts';
import { type RateLimitConfig, type RawRateLimit, resolveRateLimit, SCHEMA } from './config.ts';
import { FACTS, Limiter } from './limiter.ts';

export const rateLimit: PolicyKind<RawRateLimit, RateLimitConfig> = {
  kind: 'rateLimit',
  summary: 'Limits how many requests may come under one key in a time.',
  schema: SCHEMA,
  resolve: resolveRateLimit,
  provides: () => FACTS,
  templates: (config) => [{ at: ['key'], text: config.key, phase: 'admit' }],
  compile: (config, env) => new Limiter(config, env).hooks(),
};
