/** Choosing a TLS certificate by the name a client asks for (RFC 6066 §3), from the names in each certificate. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { contextOptions, type TlsVersion } from './tls.ts';

interface Entry {
  /** Lower case; `*.example.com` as written in the certificate. */
  readonly names: readonly string[];
  readonly context: SecureContext;
}

export class CertificateTable {
  readonly #entries: readonly Entry[];

  /** @throws {Error} where a key does not fit its certificate or either cannot be read. */
  constructor(pairs: readonly { readonly cert: string; readonly key: string }[], minVersion: TlsVersion) {
    this.#entries = pairs.map(({ cert, key }) => ({
      names: namesOf(cert),
      context: createSecureContext(contextOptions(cert, key, minVersion)),
    }));
  }

  /** The context for a server name: its own certificate, then a wildcard's, then the first one. */
  find(name: string): SecureContext {
    const lower = name.toLowerCase();
    const wildcard = `*${lower.slice(lower.indexOf('.'))}`;
    const exact = this.#entries.find((entry) => entry.names.includes(lower));
    return (exact ?? this.#entries.find((entry) => entry.names.includes(wildcard)) ?? this.#entries[0]!).context;
  }
}

/** DNS names of a certificate's subjectAltName (RFC 9525: the common name does not count). */
function namesOf(pem: string): string[] {
  const names = new X509Certificate(pem).subjectAltName ?? '';
  return names
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice(4).toLowerCase());
}
