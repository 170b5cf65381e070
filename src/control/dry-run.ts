/** Compiling a plan in the main thread: proof that it compiles, its shared memory made, its state readable from here. */

import { Registry } from '../metrics/registry.ts';
import { KINDS } from '../policies/index.ts';
import { SlicedRun } from '../slices.ts';
import { Users } from '../state/users.ts';
import { createMemoryStore, type MemoryStore } from '../store/memory.ts';
import { Windows } from '../store/windows.ts';
import { compileSteps, type RuleSet } from '../traffic/rules/rules.ts';
import { StateDirectory } from '../traffic/rules/states.ts';
import type { MemoryStoreConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import type { Log } from '../types/policy.ts';
import type { Forwarder } from '../types/transport.ts';

/** The number the main thread uses in shared memory. */
export const MAIN_THREAD = 0;

/** What the main thread knows of a rule set in use. */
export interface Compiled {
  readonly rules: RuleSet;
  readonly store: MemoryStore;
}

/**
 * Compiles `plan`, asking `zone` for all the shared memory that the traffic threads, of which there are
 * `settings.threads`, will want for it. A store that is made here counts as made at `madeAt` (ms since the epoch), by
 * default now. In slices, so that probes and health checks are answered meanwhile. Rejects where a policy refuses.
 */
export async function dryRun(
  plan: Plan,
  zone: (identity: string, bytes: number) => SharedArrayBuffer,
  settings: {
    readonly store: MemoryStoreConfig;
    readonly threads: number;
    readonly log: Log;
    readonly madeAt?: number;
  },
): Promise<Compiled> {
  const { nonces, limits } = settings.store;
  zone(Users.identity, Users.bytes(settings.threads));
  // Named by every rule set, as the store is: one without signatures in between forgets nothing.
  zone(Windows.identity, Windows.bytes);
  const store = createMemoryStore({
    zone,
    now: Date.now,
    thread: MAIN_THREAD,
    nonces,
    limits,
    madeAt: settings.madeAt,
  });
  const states = new StateDirectory();
  const hold = states.hold();
  try {
    const steps = compileSteps(plan, {
      thread: MAIN_THREAD,
      threads: settings.threads,
      meters: new Registry(),
      kinds: KINDS,
      store,
      log: settings.log,
      now: Date.now,
      random: Math.random,
      zone,
      state: (identity, create) => hold.state(identity, create),
      forwarder: () => NO_FORWARDER,
    });
    const rules = await new Promise<RuleSet>((done, failed) => {
      new SlicedRun(steps, { now: () => performance.now(), later: (next) => setImmediate(next), done, failed });
    });
    return { rules, store };
  } finally {
    // No request will ever run here, so nothing that requests would use is kept open.
    hold.release();
  }
}

const NO_FORWARDER: Forwarder = Object.freeze({
  send: () => {
    throw new Error('the main thread handles no traffic');
  },
  stats: () => ({ open: 0, idle: 0, waiting: 0 }),
  close: async () => {},
});
