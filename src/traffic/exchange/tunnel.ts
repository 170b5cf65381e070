/** An upgraded connection (WebSocket): the exchange's side of forwarders/tunnel.ts. */

import type { Duplex } from 'node:stream';
import type { Fields } from '../../fields/fields.ts';
import { type Joined, joinSockets, openTunnel } from '../../forwarders/tunnel.ts';
import type { PoolPlan } from '../../types/plan.ts';
import type { Failure, Inbound, UpstreamCall, UpstreamRequest } from '../../types/transport.ts';

export interface TunnelEvents {
  opened(headers: Fields): void;
  declined(status: number, headers: Fields, body: Buffer): void;
  failed(failure: Failure): void;
}

/** The open WebSockets of one thread, which must be told when it ends: no edge knows of them any more. */
export class OpenTunnels {
  readonly #open = new Set<Joined>();
  #leaving = false;

  add(joined: Joined): void {
    this.#open.add(joined);
    if (this.#leaving) joined.goAway();
  }

  delete(joined: Joined): void {
    this.#open.delete(joined);
  }

  /** Closes all of them, and those still to come, with 1001 to both ends. */
  goAway(): void {
    this.#leaving = true;
    for (const joined of this.#open) joined.goAway();
  }
}

/** One upgrade under way; to the exchange it is a call like any other until it is joined. */
export class Tunnel implements UpstreamCall {
  readonly #inbound: Inbound;
  readonly #idle: number;
  readonly #opening: { cancel(): void };
  #socket: Duplex | null = null;
  #early: Buffer = Buffer.alloc(0);

  constructor(request: UpstreamRequest, pool: PoolPlan, inbound: Inbound, to: TunnelEvents) {
    this.#inbound = inbound;
    this.#idle = request.timeouts.idle;
    this.#opening = openTunnel(
      { ...request, protocol: inbound.upgrade },
      {
        opened: (_status, headers, socket, early) => {
          this.#socket = socket;
          this.#early = early;
          headers.dropHopByHop();
          to.opened(headers);
        },
        refused: (status, headers, body) => to.declined(status, headers, body),
        failed: (failure) => to.failed(failure),
      },
      pool,
    );
  }

  write(): boolean {
    return true;
  }
  finish(): void {}
  pause(): void {}
  resume(): void {}
  /** It has a connection of its own, which no pool counts. */
  queued(): null {
    return null;
  }

  cancel(): void {
    this.#opening.cancel();
    this.#socket?.destroy();
  }

  /** Accepts the client's side and lets bytes pass both ways; `ended` gets the bytes that went to the client. */
  join(headers: Fields, open: OpenTunnels, ended: (bytes: number) => void): void {
    headers.addFirst('upgrade', this.#inbound.upgrade);
    headers.addFirst('connection', 'upgrade');
    const client = this.#inbound.takeOver(headers);
    const joined = joinSockets(client.socket, client.early, this.#socket!, this.#early, {
      idle: this.#idle,
      onEnd: (_up, down) => {
        open.delete(joined);
        ended(down);
      },
    });
    open.add(joined);
  }
}
