/** The first phase of a swap: every thread makes the new rule set beside the one in use, or all give it up. */
import { packPlan } from '../plan/packed.ts';
import type { Plan } from '../types/plan.ts';
import type { PackedPlan, Zones } from '../types/threads.ts';
import type { Thread } from './thread.ts';

export interface Swap {
  readonly id: number;
  readonly plan: Plan;
  readonly zones: Zones;
  /** Milliseconds that a thread may take. */
  readonly timeout: number;
}

/** What every one of `threads` can use now, to be committed; or why one cannot, and then all have given it up. */
export async function prepareAll(
  threads: readonly Thread[],
  { id, plan, zones, timeout }: Swap,
): Promise<{ readonly packed: PackedPlan } | { readonly problem: string }> {
  let packed: PackedPlan;
  try {
    packed = packPlan(plan);
  } catch (error) {
    return { problem: `the plan cannot be sent to a thread: ${(error as Error).message}` };
  }
  let problem: string | null = null;
  const giveUp = (why: string): void => {
    // Once: what the others say of being told so is no news.
    if (problem !== null) return;
    problem = why;
    for (const thread of threads) thread.post({ type: 'abandon', id });
  };
  const prepareOne = async (thread: Thread): Promise<void> => {
    const answer = await thread.prepare(id, packed, zones, timeout);
    if (answer !== null) giveUp(answer);
  };
  // One thread goes ahead: a plan that kills the thread that compiles it takes one along, not all.
  const [first, ...others] = threads;
  if (first !== undefined) await prepareOne(first);
  if (problem === null) await Promise.all(others.map(prepareOne));
  const died = threads.find((thread) => thread.state === 'ended');
  if (died !== undefined) giveUp(`thread ${died.number} died`);
  return problem === null ? { packed } : { problem };
}
