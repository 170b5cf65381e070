/** What the bench measures: one way of running a proxy as processes of its own. */
import type { Region } from '../rules.ts';

export type LoadKind = 'post' | 'get';

/** What a subject is started with. */
export interface Setting {
  /** A folder of its own, empty, removed afterwards. */
  readonly folder: string;
  /** Port of each region's upstream. */
  readonly upstreams: Readonly<Record<Region, number>>;
  /** Nonces that it must be able to remember. */
  readonly nonces: number;
  /** Arguments for Node itself (profiling). */
  readonly nodeArgs: readonly string[];
}

export interface Subject {
  readonly name: string;
  /** One line for the page. */
  readonly title: string;
  /** Does it apply the five rules? */
  readonly rules: boolean;
  readonly loads: readonly LoadKind[];
  /** Why it cannot run here and what to install, or ''. */
  missing(): string;
  /** Starts it and resolves once its port takes connections. */
  start(setting: Setting): Promise<Running>;
}

export interface Running {
  readonly port: number;
  /** Root of its process tree. */
  readonly pid: number;
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>;
}
