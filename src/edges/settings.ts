/** What every edge is made with. */
import type { CertificatePairs } from '../types/transport.ts';
import type { TlsVersion } from './tls.ts';

export interface EdgeSettings {
  readonly host: string;
  readonly port: number;
  /** Several threads listen on one address. */
  readonly reusePort: boolean;
  /** PEM pairs, chosen by SNI; null for plain HTTP. */
  readonly tls: { readonly minVersion: TlsVersion; readonly certificates: CertificatePairs } | null;
  /** Bytes and milliseconds. */
  readonly headerSize: number;
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  readonly idleTimeout: number;
  /** Connections this edge holds at most; more are closed as they come. */
  readonly connections: number;
  /** Milliseconds since the epoch, for `Date`; the system's clock where it is missing. */
  readonly now?: () => number;
}
