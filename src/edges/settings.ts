/** What every edge is made with. */
import type { Loop } from '../sockets/loop.ts';
import type { CertificatePairs } from '../types/transport.ts';
import type { TlsVersion } from './tls.ts';
import type { UPLOAD_RATE, UploadClock } from './upload-clock.ts';

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
  /** How far a client may fall behind while it sends a body: see {@link UploadClock}. */
  readonly requestTimeout: number;
  /** Octets of a body that give back a second of that time; {@link UPLOAD_RATE} where it is missing. */
  readonly uploadRate?: number;
  readonly idleTimeout: number;
  /** A client that shuts down its sending side behind a whole request is waited for; not over TLS. */
  readonly halfClose?: boolean;
  /** Connections this edge holds at most; more are closed as they come. */
  readonly connections: number;
  /** Milliseconds since the epoch, for `Date`; the system's clock where it is missing. */
  readonly now?: () => number;
  /** What sockets share in the thread; an edge that gets none has its own. */
  readonly loop?: Loop;
}
