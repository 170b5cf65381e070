/** Messages between the control plane (main thread) and the traffic threads. */
import type { Sample } from '../metrics/registry.ts';
import type { WeirConfig } from './config.ts';
import type { Plan } from './plan.ts';

/** Shared memory by identity: what `Env.zone` hands out. */
export type Zones = Readonly<Record<string, SharedArrayBuffer>>;

/** Bytes of the country database, shared by all threads; null where none could be read. */
export interface GeoData {
  readonly database: SharedArrayBuffer | null;
  /** Text of the overrides file, checked. */
  readonly overrides: string;
}

/** PEM texts of one listener's certificates, in the order configured. */
export type CertificateData = readonly { readonly cert: string; readonly key: string }[];

/** Where a thread gets the sockets it is to listen on. */
export interface SocketSource {
  /** Path of a Unix socket of the control plane. */
  readonly path: string;
  /** Which of the threads it is, 0…; a replacement has the slot of the one it replaces. */
  readonly slot: number;
}

/** What a traffic thread begins with. */
export interface WorkerStart {
  readonly config: WeirConfig;
  /** 1…`threads`; 0 is the main thread. A replacement has the number of the one it replaces: so has its shared memory. */
  readonly thread: number;
  /** How many traffic threads there are. */
  readonly threads: number;
  /** What `Via` calls this process, the same in all its threads. */
  readonly pseudonym: string;
  /** Null: it binds its listeners itself. */
  readonly sockets: SocketSource | null;
  readonly plan: Plan;
  readonly zones: Zones;
  readonly geo: GeoData;
  /** By listener index; null where a listener has no TLS. */
  readonly certificates: readonly (CertificateData | null)[];
}

/** To a thread about its sockets: one for a listener, or that there are no more. */
export type SocketMessage = { readonly listener: number } | { readonly end: true };

export type ToWorker =
  /** Everything it needs; the first message. Answered by `listening` or `failed`. */
  | { readonly type: 'start'; readonly start: WorkerStart }
  /** Compile this plan beside the one in use. Answered by `prepared`. */
  | { readonly type: 'prepare'; readonly id: number; readonly plan: Plan; readonly zones: Zones }
  /** Use what was prepared. Answered by `committed`. */
  | { readonly type: 'commit'; readonly id: number }
  /** Forget what was prepared. */
  | { readonly type: 'abandon'; readonly id: number }
  | { readonly type: 'geo'; readonly geo: GeoData }
  | { readonly type: 'certificates'; readonly listener: number; readonly certificates: CertificateData }
  | { readonly type: 'metrics'; readonly id: number }
  /** Stop accepting; finish open requests within `timeout` ms; then answer `drained` and exit. */
  | { readonly type: 'drain'; readonly timeout: number };

export type FromWorker =
  /** All listeners are bound. */
  | { readonly type: 'listening'; readonly addresses: readonly { readonly address: string; readonly port: number }[] }
  /** A listener could not be bound or the first plan not compiled: the process cannot start. */
  | { readonly type: 'failed'; readonly problem: string }
  | { readonly type: 'prepared'; readonly id: number; readonly problem: string | null }
  | { readonly type: 'committed'; readonly id: number }
  | { readonly type: 'metrics'; readonly id: number; readonly samples: readonly Sample[] }
  /** Whole log lines, each with its newline. */
  | { readonly type: 'log'; readonly lines: string }
  | { readonly type: 'drained' };
