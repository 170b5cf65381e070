/**
 * A client that has shut down its sending side behind a whole request, on a listener with `halfClose`: it gets its answer.
 *
 * One that closed altogether looks the same until something is sent to it. So, when no answer has begun after a short
 * while, an HTTP/1.1 client is sent a `100 Continue`, which every client must be able to skip (RFC 9110 §15.2). A closed
 * one answers that with a reset, and the next write finds it.
 */
import type { StreamSocket } from '../../sockets/stream-socket.ts';
import { Timer, type TimerWheel } from '../../state/wheel.ts';
import type { Http1Inbound } from './inbound.ts';
import { PROBE_AFTER_MS, PROBE_ANSWER_MS } from './limits.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

export class HalfClosed extends Timer {
  readonly #socket: StreamSocket;
  readonly #wheel: TimerWheel;
  #request: Http1Inbound | null = null;
  #asked = false;

  constructor(socket: StreamSocket, wheel: TimerWheel) {
    super();
    this.#socket = socket;
    this.#wheel = wheel;
  }

  /** `request` is under way; once for each has an effect. */
  wait(request: Http1Inbound): void {
    if (this.#request === request) return;
    this.#request = request;
    this.#asked = false;
    this.#wheel.set(this, PROBE_AFTER_MS);
  }

  stop(): void {
    this.#wheel.clear(this);
  }

  override onTimeout(): void {
    const request = this.#request!;
    // Nothing reads from a connection whose other side has ended: only a write can find the reset, even an empty one.
    if (this.#asked) this.#socket.probe();
    else if (!request.over && !request.answering && request.version === '1.1') this.#ask();
  }

  #ask(): void {
    this.#asked = true;
    this.#socket.text(CONTINUE);
    this.#socket.flush();
    this.#wheel.set(this, PROBE_ANSWER_MS);
  }
}
