/** Process settings as `config/weir.yaml` gives them, resolved: absolute paths, milliseconds, bytes. Plain data. */
import type { Secret } from './plan.ts';

export interface WeirConfig {
  /** Absolute path of the file. */
  readonly file: string;
  readonly listeners: readonly ListenerConfig[];
  /** null where no admin listener is wanted. */
  readonly admin: AdminConfig | null;
  /** Traffic threads; 0 = one per core. */
  readonly threads: number;
  /** Absolute path of the rules folder. */
  readonly rules: string;
  readonly reload: ReloadConfig;
  /** Absolute path of the folder where a new process finds this one to take over; null: where the system keeps such. */
  readonly runtime: string | null;
  /** Absolute path of the folder where the last good rules are kept; null: where the system keeps such. */
  readonly state: string | null;
  readonly watchdog: WatchdogConfig;
  readonly store: MemoryStoreConfig;
  readonly geoip: GeoipConfig;
  /** CIDRs whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly passHeaders: PassHeadersConfig;
  readonly log: LogConfig;
  readonly limits: LimitsConfig;
}

/** When a traffic thread counts as lost. */
export interface WatchdogConfig {
  /** Milliseconds without a turn of its event loop after which a thread is said not to respond. */
  readonly unresponsive: number;
  /** Milliseconds without one after which it is replaced. */
  readonly replace: number;
  /** Bytes that one thread may take, half for its heap and half for its buffers; 0: by the machine's memory and the number of threads. */
  readonly memory: number;
}

export interface ListenerConfig {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsConfig | null;
  /** A client that shuts down its sending side behind a whole request still gets its answer. */
  readonly halfClose: boolean;
}

export interface TlsConfig {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Absolute paths of PEM files. */
  readonly certificates: readonly { readonly cert: string; readonly key: string }[];
}

export interface AdminConfig {
  readonly host: string;
  readonly port: number;
  /** Bearer token; needed on any address but loopback. */
  readonly token: Secret | null;
}

export interface ReloadConfig {
  /** Milliseconds that changed files must stand still before they are taken. */
  readonly settle: number;
}

export interface MemoryStoreConfig {
  readonly kind: 'memory';
  /** Nonces remembered at once; when full, a signature policy does what its `onStoreError` says. */
  readonly nonces: number;
  /** Rate-limit keys remembered at once, in equal shares for the policies; when full, those with the most of their allowance left are evicted. */
  readonly limits: number;
}

export interface GeoipConfig {
  /** Absolute path of a MaxMind-format database; `bundled` is resolved to the npm package's file. */
  readonly database: string;
  /** Absolute path of a `cidr,country` file, or null. */
  readonly overrides: string | null;
  /** Without both files Weir does not start. */
  readonly required: boolean;
}

/** Request fields, in lower case, that go upstream although they are dropped by default. */
export interface PassHeadersConfig {
  readonly fromAnyone: readonly string[];
  /** From `trustedProxies` only. */
  readonly fromTrusted: readonly string[];
}

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'json' | 'ecs' | 'pretty';
  readonly access: boolean;
}

/** Bytes and milliseconds. */
export interface LimitsConfig {
  readonly headerSize: number;
  readonly bodySize: number;
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  /** Bytes of a body that give back a second of `requestTimeout`. */
  readonly uploadRate: number;
  readonly idleTimeout: number;
  /** For each listener and thread; 0 (auto) until it is known how many file descriptors there are. */
  readonly connections: number;
  readonly drainTimeout: number;
  readonly drainGrace: number;
  readonly policyTimeout: number;
}
