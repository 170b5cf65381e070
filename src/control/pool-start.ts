/** What a pool of traffic threads is given to start with, and how long it waits for what. */
import type { WeirConfig } from '../types/config.ts';
import type { BoundAddress } from './thread.ts';

/** All in milliseconds. */
export interface PoolTiming {
  /** How long a thread may take to listen. */
  readonly start: number;
  /** How long a thread may take to prepare, and again to commit. */
  readonly swap: number;
  /** First wait before a dead thread is replaced; doubles up to `restartMax` while replacements keep dying. */
  readonly restartMin: number;
  readonly restartMax: number;
  /** A thread that listened this long was a good one: the next wait is `restartMin` again. */
  readonly stable: number;
  /** How long a thread may take to read its gauges. */
  readonly collect: number;
  /** How long counters are shown that no rule in use names any more, and how often they are looked for. */
  readonly keep: number;
  readonly sweep: number;
}

export const TIMING: PoolTiming = {
  start: 30_000,
  swap: 10_000,
  restartMin: 100,
  restartMax: 5_000,
  stable: 10_000,
  collect: 1_000,
  // Twice the five minutes after which Prometheus forgets a series by itself.
  keep: 600_000,
  sweep: 60_000,
};

/** The config with the ports that the system picked where it says 0. */
export function withPorts(config: WeirConfig, addresses: readonly BoundAddress[]): WeirConfig {
  const listeners = config.listeners.map((listener, i) => ({
    ...listener,
    port: listener.port === 0 ? (addresses[i]?.port ?? 0) : listener.port,
  }));
  return { ...config, listeners };
}
