/** What every TLS listener speaks, whichever edge stands behind it. */
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';

/** Oldest version that a listener speaks. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/**
 * Mozilla's "intermediate" list: forward secrecy and AEAD only, so nothing with CBC (RFC 9325 §4.2) and nothing that
 * HTTP/2 prohibits (RFC 9113 Appendix A). The three of TLS 1.3 are OpenSSL's own default; Node speaks no TLS 1.3 where
 * a list names none of them.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * Settings of a context for one certificate and its key, both PEM. Renegotiation is refused with a `no_renegotiation`
 * alert (RFC 5246 §7.2.2): a client could have a handshake made again and again on one connection, each of them dearer
 * for the server than for itself, and HTTP has no use for it (RFC 9113 §9.2.1 forbids it).
 */
export function contextOptions(cert: string, key: string, minVersion: TlsVersion): SecureContextOptions {
  return { cert, key, minVersion, ciphers: CIPHERS, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}
