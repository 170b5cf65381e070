/**
 * The connections of the admin listener, bounded so that a newcomer always gets in: where there are as many as may be,
 * the one that has waited longest for its client goes. Clients that connect and say nothing, or half a request, are
 * displaced by a probe and cannot keep it out.
 */
import type { Server, Socket } from 'node:net';

export class AdminConnections {
  readonly #max: number;
  /** Oldest first; a connection goes to the end when its reply is written. */
  readonly #sockets = new Set<Socket>();
  /** Those whose request is whole and whose reply is not. */
  readonly #answering = new Set<Socket>();
  /** Told when the last one is closed. */
  #empty: () => void = () => {};

  /** `max`: connections kept at once. */
  constructor(server: Server, max: number) {
    this.#max = max;
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** The client has said all it has to: from now on it waits for Weir. */
  answering(socket: Socket): void {
    if (this.#sockets.has(socket)) this.#answering.add(socket);
  }

  /** The reply is written: from now on Weir waits for the client. */
  answered(socket: Socket): void {
    this.#answering.delete(socket);
    if (this.#sockets.delete(socket)) this.#sockets.add(socket);
  }

  /** Resolves when none is open, at the latest after `timeout` milliseconds. */
  ended(timeout: number): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeout);
    this.#empty = resolve;
    return promise.finally(() => clearTimeout(timer));
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#answering.delete(socket);
      if (this.#sockets.size === 0) this.#empty();
    });
    if (this.#sockets.size > this.#max) this.#displace();
  }

  /** Where all are being answered the oldest of them goes: its client does not read. */
  #displace(): void {
    let oldest: Socket | undefined;
    for (const socket of this.#sockets) {
      oldest ??= socket;
      if (this.#answering.has(socket)) continue;
      oldest = socket;
      break;
    }
    if (oldest === undefined) return;
    // At once, and not when `close` comes: others may arrive before.
    this.#sockets.delete(oldest);
    this.#answering.delete(oldest);
    oldest.destroy();
  }
}
