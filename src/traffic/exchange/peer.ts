/** What is known of whoever is at the other end of a connection, kept with it from one request to the next. */
import { Line } from '../../fields/line.ts';
import { endOfHost, normalHost, portFrom, withPort } from '../../net/host.ts';
import { withHop } from '../../net/via.ts';
import type { Inbound } from '../../types/transport.ts';

/** A host as it was written, and what it comes to. */
export interface KnownHost {
  readonly written: string;
  readonly scheme: string;
  /** Normal form, without the port. */
  readonly host: string;
  /** `host`, with the port where it is not the scheme's own. */
  readonly authority: string;
  readonly forwardedHost: Line;
}

export class KnownPeer {
  /** A trusted proxy. */
  readonly trusted: boolean;
  /** `X-Forwarded-For` that names the peer alone. */
  readonly forwardedFor: Line;
  /** `X-Forwarded-Proto` of the connection itself. */
  readonly forwardedProto: Line;
  #via: Line;
  #version: string;
  #host: KnownHost | null = null;

  private constructor(inbound: Inbound, trusted: boolean, pseudonym: string) {
    this.trusted = trusted;
    this.forwardedFor = Line.kept('x-forwarded-for', inbound.remoteAddress);
    this.forwardedProto = Line.kept('x-forwarded-proto', inbound.secure ? 'https' : 'http');
    this.#version = inbound.version;
    this.#via = Line.kept('via', withHop('', inbound.version, pseudonym));
  }

  /** What is known of the peer that sent `inbound`. */
  static of(inbound: Inbound, trusts: { has(address: string): boolean }, pseudonym: string): KnownPeer {
    const { peer } = inbound;
    peer.known ??= new KnownPeer(inbound, trusts.has(inbound.remoteAddress), pseudonym);
    return peer.known as KnownPeer;
  }

  /** `Via` of a request that no other intermediary has passed on. */
  via(version: Inbound['version'], pseudonym: string): Line {
    if (version !== this.#version) {
      this.#version = version;
      this.#via = Line.kept('via', withHop('', version, pseudonym));
    }
    return this.#via;
  }

  /** `X-Forwarded-Host` of the last host; null before one. */
  get forwardedHost(): Line | null {
    return this.#host?.forwardedHost ?? null;
  }

  /** `written`: `host[:port]`. Null where it has no normal form. On one connection it hardly ever changes. */
  host(written: string, scheme: string): KnownHost | null {
    const known = this.#host;
    if (known !== null && known.written === written && known.scheme === scheme) return known;
    const colon = endOfHost(written);
    const host = normalHost(colon === written.length ? written : written.slice(0, colon));
    const port = portFrom(written, colon);
    if (host === null || port < 0) return null;
    const authority = copied(withPort(host, port, isSecure(scheme)));
    const forwardedHost = Line.kept('x-forwarded-host', authority);
    this.#host = { written: copied(written), scheme, host: copied(host), authority, forwardedHost };
    return this.#host;
  }
}

/** A part of the head's text would keep all of it in memory while the connection idles. */
function copied(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** WebSockets too: some proxies say what the client asked for before the upgrade. */
export function isSecure(scheme: string): boolean {
  return scheme === 'https' || scheme === 'wss';
}
