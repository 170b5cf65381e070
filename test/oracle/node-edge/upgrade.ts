/** A client that asked for an upgrade, while it waits for the answer: Node no longer reads from its socket then. */
import type { Socket } from 'node:net';
import { Fields } from '../../../src/fields/fields.ts';
import type { Request } from './messages.ts';

/** What a client may send ahead of the answer before reading stops. */
const EARLY_MAX = 65_536;

/**
 * Only WebSocket is an upgrade here, in the form of RFC 6455 §4.1; every other word, `h2c` above all, is ignored as RFC
 * 9110 §7.8 allows, and the request is an ordinary one.
 */
export function asksForWebSocket(req: Request): boolean {
  if (req.method !== 'GET' || req.httpVersionMinor !== 1) return false;
  const list = Fields.tryFrom(req.rawHeaders);
  if (list === null) return false;
  if (list.indexOf('transfer-encoding') >= 0) return false;
  const length = list.indexOf('content-length');
  if (length >= 0 && list.value(length) !== '0') return false;
  const first = list.indexOf('upgrade');
  return first >= 0 && list.value(first).toLowerCase() === 'websocket' && list.indexOf('upgrade', first + 1) < 0;
}

/** Gathers what comes early, and notices a client that leaves. */
export class UpgradeWait {
  readonly socket: Socket;
  readonly #early: Buffer[] = [];
  #size = 0;

  constructor(socket: Socket, early: Buffer) {
    this.socket = socket;
    socket.on('error', this.#onError);
    socket.on('end', this.#onEnd);
    socket.on('data', this.#onData);
    if (early.length > 0) this.#onData(early);
  }

  /** Stops reading and gives what was read. The socket is the caller's, errors included. */
  release(): Buffer {
    this.socket.pause();
    this.socket.off('data', this.#onData);
    this.socket.off('end', this.#onEnd);
    return Buffer.concat(this.#early);
  }

  #onData = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= EARLY_MAX) this.socket.pause();
  };

  #onEnd = (): void => {
    this.socket.destroy();
  };

  /** The socket's `close` says all there is to say; without a listener the process would end. */
  #onError = (): void => {};
}
