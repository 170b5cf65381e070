/** Messages between the control plane (main thread) and the traffic threads. */
import type { Sample, SharedSeries } from '../metrics/series.ts';
import type { WeirConfig } from './config.ts';

/** Whole log lines, each with its newline; bytes are UTF-8. */
export type Lines = string | Uint8Array;

/** Shared memory by identity: what `Env.zone` hands out. */
export type Zones = Readonly<Record<string, SharedArrayBuffer>>;

/** A plan serialised in pieces (plan/packed.ts), in memory that all threads read. */
export interface PackedPlan {
  readonly revision: string;
  readonly bytes: Uint8Array;
  /** Offset of the end of each piece. */
  readonly ends: readonly number[];
}

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
  /** Bytes of request bodies that it may hold. */
  readonly bodies: number;
  /** Its only cell is counted up by every turn of the thread's event loop that comes {@link beatInterval} later. */
  readonly beats: Int32Array<SharedArrayBuffer>;
  /** Where it gathers lines of the access log (log/line-batch.ts); what is left there when it dies is written. */
  readonly lines: SharedArrayBuffer;
  /** Null: it binds its listeners itself. */
  readonly sockets: SocketSource | null;
  readonly plan: PackedPlan;
  readonly zones: Zones;
  readonly geo: GeoData;
  /** By listener index; null where a listener has no TLS. */
  readonly certificates: readonly (CertificateData | null)[];
}

/** Milliseconds between two beats, so that several fall into the time after which a thread is said not to respond. */
export function beatInterval({ unresponsive }: WeirConfig['watchdog']): number {
  return Math.min(250, unresponsive / 8);
}

/** To a thread about its sockets: one for a listener, or that there are no more. */
export type SocketMessage = { readonly listener: number } | { readonly end: true };

export type ToWorker =
  /** Everything it needs; the first message. Answered by `listening` or `failed`. */
  | { readonly type: 'start'; readonly start: WorkerStart }
  /** Compile this plan beside the one in use, instead of one that is being compiled. Answered by `prepared`. */
  | { readonly type: 'prepare'; readonly id: number; readonly plan: PackedPlan; readonly zones: Zones }
  /** Use what was prepared. Answered by `committed`. */
  | { readonly type: 'commit'; readonly id: number }
  /** Forget what was prepared. Where that is still under way it is answered by `prepared`, with a problem. */
  | { readonly type: 'abandon'; readonly id: number }
  | { readonly type: 'geo'; readonly geo: GeoData }
  | { readonly type: 'certificates'; readonly listener: number; readonly certificates: CertificateData }
  /** Read the gauges. Answered by `metrics`. */
  | { readonly type: 'metrics'; readonly id: number }
  /** Nobody reads these series any more, by id: their memory can be used again. Those still in use are told of anew. */
  | { readonly type: 'forget'; readonly series: readonly number[] }
  /** Stop accepting; finish open requests within `timeout` ms; then answer `drained` and exit. */
  | { readonly type: 'drain'; readonly timeout: number };

export type FromWorker =
  /** All listeners are bound. */
  | { readonly type: 'listening'; readonly addresses: readonly { readonly address: string; readonly port: number }[] }
  /** A listener could not be bound or the first plan not compiled: the process cannot start. */
  | { readonly type: 'failed'; readonly problem: string }
  | { readonly type: 'prepared'; readonly id: number; readonly problem: string | null }
  | { readonly type: 'committed'; readonly id: number }
  /** The gauges. */
  | { readonly type: 'metrics'; readonly id: number; readonly samples: readonly Sample[] }
  /** Series that are counted from now on, in memory that outlives the thread. */
  | { readonly type: 'series'; readonly series: readonly SharedSeries[] }
  /** Whole log lines, each with its newline: text, or UTF-8 where they are many. */
  | { readonly type: 'log'; readonly lines: Lines }
  /** A segment of lines of the access log is handed over. */
  | { readonly type: 'gathered' }
  | { readonly type: 'drained' };
