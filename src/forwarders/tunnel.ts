/** WebSocket and other upgrades: one connection of its own upstream, then bytes both ways that nobody looks at. */

import type { ClientRequest, IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Fields } from '../fields/fields.ts';
import { HOST } from '../fields/names.ts';
import { http, https } from '../net/node-http.ts';
import type { PoolPlan } from '../types/plan.ts';
import type { Failure, UpstreamRequest } from '../types/transport.ts';
import { connectFailure, connectTimeout } from './connect-failure.ts';
import { bare } from './dial.ts';
import { ForwardError, failureOf } from './failure.ts';
import { upgradeFault } from './handshake.ts';
import { isFinalStatus, withoutExpect } from './raw-headers.ts';

export { type Joined, joinSockets } from './join-sockets.ts';

const UNSENDABLE = 'a field cannot be passed on';

/** Control over a tunnel being opened. */
export interface Tunnel {
  /** Gives up at once. A no-op once the tunnel is open, refused or failed. */
  cancel(): void;
}

/** Exactly one of these is called, in a later turn than {@link openTunnel}; none after `cancel`. */
export interface TunnelEvents {
  /** The upstream switched to the protocol asked for. `early` is what it sent behind its head. The socket is now the receiver's to end. */
  opened(status: 101, headers: Fields, socket: Duplex, early: Buffer): void;
  /** It answered with an ordinary reply instead; fields as received. */
  refused(status: number, headers: Fields, body: Buffer): void;
  failed(failure: Failure): void;
}

/** The body of a refusal is held whole; a longer one is a failure. */
const LONGEST_REFUSAL = 65_536;

/**
 * Asks the endpoint to switch to `request.protocol`. `request.headers` are complete but for `Connection` and `Upgrade`.
 * Limits: `pool.connect`, `pool.tlsHandshake`, then `timeouts.firstByte` for the head of the answer.
 */
export function openTunnel(
  request: UpstreamRequest & { readonly protocol: string },
  to: TunnelEvents,
  pool: Pick<PoolPlan, 'connect' | 'tlsHandshake'>,
): Tunnel {
  const opening = new Opening(request, to, pool);
  opening.start();
  return opening;
}

class Opening implements Tunnel {
  readonly #request: UpstreamRequest & { readonly protocol: string };
  readonly #to: TunnelEvents;
  readonly #pool: Pick<PoolPlan, 'connect' | 'tlsHandshake'>;
  #upstream: ClientRequest | null = null;
  #timer: NodeJS.Timeout | null = null;
  #connected = false;
  /** TCP stands, and TLS is being agreed on. */
  #secured = false;
  #ended = false;

  constructor(
    request: UpstreamRequest & { readonly protocol: string },
    to: TunnelEvents,
    pool: Pick<PoolPlan, 'connect' | 'tlsHandshake'>,
  ) {
    this.#request = request;
    this.#to = to;
    this.#pool = pool;
  }

  start(): void {
    try {
      const upstream = makeRequest(this.#request);
      this.#upstream = upstream;
      // Of more than a thousand fields Node would leave the rest out without a word.
      upstream.maxHeadersCount = 0;
      this.#limit(this.#pool.connect, connectTimeout(false));
      upstream.on('socket', (socket) => this.#onSocket(socket));
      upstream.on('upgrade', (reply, socket, early) => this.#onUpgrade(reply, socket, early));
      upstream.on('response', (reply) => this.#onReply(reply));
      upstream.on('error', (error) => this.#onError(error));
      upstream.end();
    } catch (error) {
      setImmediate(() => this.#onError(error as Error));
    }
  }

  cancel(): void {
    if (this.#end()) this.#upstream?.destroy();
  }

  #onSocket(socket: Socket): void {
    const secure = this.#request.endpoint.secure;
    if (secure)
      socket.once('connect', () => {
        this.#secured = true;
        this.#limit(this.#pool.tlsHandshake, connectTimeout(true));
      });
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.#limit(this.#request.timeouts.firstByte, { reason: 'timeout', detail: 'no reply came', sent: true });
    });
  }

  #onUpgrade(reply: IncomingMessage, socket: Duplex, early: Buffer): void {
    const { protocol, headers } = this.#request;
    const fields = Fields.tryFrom(reply.rawHeaders);
    const fault = fields === null ? UNSENDABLE : upgradeFault(protocol, headers, fields);
    if (fields === null || fault !== '' || this.#ended) {
      socket.destroy();
      this.#fail({ reason: 'protocol', detail: fault, sent: true });
      return;
    }
    this.#end();
    // It may break before its receiver listens, who sees it closed then; unheard, the error would end the process.
    socket.on('error', () => {});
    this.#to.opened(101, fields, socket, early);
  }

  #onReply(reply: IncomingMessage): void {
    if (!isFinalStatus(reply.statusCode!)) return this.#onNoReply(reply);
    const pieces: Buffer[] = [];
    let size = 0;
    this.#limit(this.#request.timeouts.idle, { reason: 'timeout', detail: 'the reply stopped', sent: true });
    reply.on('data', (piece: Buffer) => {
      size += piece.length;
      pieces.push(piece);
      if (size > LONGEST_REFUSAL) this.#fail({ reason: 'protocol', detail: 'the refusal is too long', sent: true });
    });
    reply.on('end', () => {
      const fields = Fields.tryFrom(reply.rawHeaders);
      if (fields === null) this.#fail({ reason: 'protocol', detail: UNSENDABLE, sent: true });
      else if (reply.complete && this.#end()) this.#to.refused(reply.statusCode!, fields, Buffer.concat(pieces));
    });
    reply.on('error', (error) => this.#fail(failureOf(error, { sent: true, headSeen: true })));
    reply.on('close', () => this.#fail({ reason: 'truncated', detail: 'the reply broke off', sent: true }));
  }

  /** Node tells of a 101 that is no upgrade as of any reply. */
  #onNoReply(reply: IncomingMessage): void {
    this.#fail({ reason: 'protocol', detail: `no final status: ${reply.statusCode}`, sent: true });
    reply.destroy();
  }

  #onError(error: Error): void {
    const failure = failureOf(error, { sent: this.#connected, headSeen: false });
    this.#fail(this.#connected || failure.reason === 'protocol' ? failure : connectFailure(error, this.#secured));
  }

  #limit(ms: number, failure: Failure): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#ended || !(ms > 0)) return;
    this.#timer = setTimeout(() => this.#fail(failure), ms);
  }

  #fail(failure: Failure): void {
    if (!this.#end()) return;
    this.#upstream?.destroy();
    this.#to.failed(failure);
  }

  /** False where it had ended before. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    if (this.#timer) clearTimeout(this.#timer);
    return true;
  }
}

/** A flat list of fields goes out as it is, `Host` first; Node adds nothing to it. */
function makeRequest(request: UpstreamRequest & { readonly protocol: string }): ClientRequest {
  if (request.headers.overfull) throw new ForwardError('protocol', 'too many fields', false);
  const { endpoint } = request;
  const host = bare(endpoint.hostname);
  const fields = withoutExpect(request.headers);
  const pairs = fields.toPairs();
  pairs.unshift(...pairs.splice(Math.max(0, fields.find(HOST)) * 2, 2));
  const headers = [...pairs, 'Connection', 'Upgrade', 'Upgrade', request.protocol];
  const options = {
    host,
    port: endpoint.port,
    method: request.method,
    path: request.target,
    headers,
    agent: false as const,
    allowHalfOpen: true,
  };
  if (!endpoint.secure) return http.request(options);
  return https.request({ ...options, servername: isIP(host) ? '' : host });
}
