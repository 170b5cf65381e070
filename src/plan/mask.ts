/** Secrets out of what is shown. */
import type { Plan } from '../types/plan.ts';

const MASK = '***';

/** A copy of any plain data in which every `{secret: …}` reads `{secret: '***'}`. */
export function maskSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const isSecret = entries.length === 1 && entries[0][0] === 'secret' && typeof entries[0][1] === 'string';
  if (isSecret) return { secret: MASK };
  return Object.fromEntries(entries.map(([key, inner]) => [key, maskSecrets(inner)]));
}

/** The plan as it may be shown: logs, status and the admin API. */
export function maskPlan(plan: Plan): unknown {
  return maskSecrets(plan);
}
