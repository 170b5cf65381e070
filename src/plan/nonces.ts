/** Whether the store holds what the policies want remembered. */
import { MOST_NONCES, NONCE_SKEW, sustainedRate } from '../store/nonces.ts';
import type { Plan } from '../types/plan.ts';
import type { PolicyKind } from '../types/policy.ts';
import { formatDuration } from '../units.ts';
import type { ResolvedPolicies } from './policies.ts';
import type { ProblemList } from './problems.ts';
import { keyOf } from './sections.ts';

/** Requests a second under which a full store is near enough to be told. */
const FEW = 500;

/** How many signed requests a second the store holds for good, at worst. */
export interface NonceRate {
  /** The policy that remembers its requests longest. */
  readonly policy: string;
  /** Milliseconds, at most. */
  readonly life: number;
  /** Requests a second, of all policies together. */
  readonly rate: number;
}

/** Null where nothing is remembered. */
export function nonceRate(
  { policies }: Pick<Plan, 'policies'>,
  nonces: number,
  kinds: readonly PolicyKind[],
): NonceRate | null {
  let worst: NonceRate | null = null;
  for (const { name, kind, config } of policies) {
    const life = kinds.find((candidate) => candidate.kind === kind)?.remembers?.(config) ?? 0;
    if (life > (worst?.life ?? 0)) worst = { policy: name, life, rate: sustainedRate(nonces, life) };
  }
  return worst;
}

/** Warns of policies for whose requests the store has too little room. */
export function checkNonces(
  { byName }: ResolvedPolicies,
  nonces: number,
  kinds: readonly PolicyKind[],
  problems: ProblemList,
): void {
  for (const { plan, entry } of byName.values()) {
    const found = nonceRate({ policies: [plan] }, nonces, kinds);
    if (found === null || found.rate >= FEW) continue;
    problems.warning(keyOf(entry), 'few-nonces', describe(found, nonces), remedy(found));
  }
}

function remedy({ life }: NonceRate): string {
  const needed = Math.ceil((FEW * life) / 1000);
  if (needed > MOST_NONCES) return `choose a smaller window: a store holds ${MOST_NONCES} nonces at most`;
  return `${FEW} a second need \`store: { memory: { nonces: ${needed} } }\` in the config, or choose a smaller window`;
}

/** For people. */
export function describe({ policy, life, rate }: NonceRate, nonces: number): string {
  const window = formatDuration((life - NONCE_SKEW) / 2);
  return `${nonces} nonces hold ${rate} signed requests a second for the window ${window} of \`${policy}\``;
}
