/** What the bench measures: one way of running a proxy as processes of its own. */
import type { Region } from '../rules.ts';

/**
 * Signed POSTs; GETs; GETs over TLS on kept connections; GETs by HTTP/2, made by h2load; GETs spread over all routes of
 * the subject.
 */
export type LoadKind = 'post' | 'get' | 'tls' | 'h2' | 'paths';

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
  /** It takes TLS alone, with {@link CERTIFICATE}. */
  readonly secure?: boolean;
  /** What `paths` asks for; each must be answered as a GET is. */
  readonly paths?: readonly string[];
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
