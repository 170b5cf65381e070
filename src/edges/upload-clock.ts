/** The time a client has to send the body of its request, for every edge alike. */
import { Timer, type TimerWheel } from '../state/wheel.ts';

/** Octets a second, where settings do not say: Apache's `RequestReadTimeout body=…,MinRate=500`. */
export const UPLOAD_RATE = 500;

export interface UploadTimes {
  readonly wheel: TimerWheel;
  /** Milliseconds a client may fall behind; 0 for no limit. */
  readonly requestTimeout: number;
  /** Octets that give one second back; 0: any octet gives all of the time back. */
  readonly uploadRate: number;
  /** The wheel's clock. */
  now(): number;
}

/**
 * A client has `requestTimeout` for a body, every octet gives some of it back, and there is never more left than
 * `requestTimeout`. So whoever keeps sending at `uploadRate` or faster is never late, whatever the size; silence ends
 * after `requestTimeout`; and a client that drips uses its time up, a little later.
 *
 * The clock runs only while the client is read: one that Weir holds back is not slow.
 */
export class UploadClock extends Timer {
  readonly #times: UploadTimes;
  readonly #late: () => void;
  /** Milliseconds left at `#since`. */
  #left = 0;
  #since = 0;
  #active = false;
  #running = false;

  /** `late` is told once for an upload whose time is over. */
  constructor(times: UploadTimes, late: () => void) {
    super();
    this.#times = times;
    this.#late = late;
  }

  /** An upload has begun and not ended. */
  get active(): boolean {
    return this.#active;
  }

  /** A body begins. The clock stands still until {@link run}. `spent`: milliseconds its head took. */
  start(spent: number): void {
    this.stop();
    this.#active = true;
    this.#left = Math.max(1, this.#times.requestTimeout - spent);
  }

  /** The client is read from now on. */
  run(): void {
    if (this.#running || !this.#active || this.#times.requestTimeout === 0) return;
    this.#running = true;
    this.#since = this.#times.now();
    this.#times.wheel.set(this, this.#left);
  }

  /** The client is not read for now. */
  hold(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#left = Math.max(1, this.#left - (this.#times.now() - this.#since));
    this.#times.wheel.clear(this);
  }

  /** Octets of the body came. */
  took(octets: number): void {
    if (!this.#active) return;
    const { requestTimeout, uploadRate, wheel } = this.#times;
    const earned = uploadRate > 0 ? (octets / uploadRate) * 1000 : requestTimeout;
    const now = this.#running ? this.#times.now() : this.#since;
    this.#left = Math.min(requestTimeout, Math.max(1, this.#left - (now - this.#since)) + earned);
    this.#since = now;
    if (this.#running) wheel.set(this, this.#left);
  }

  /** The body is whole, or nobody waits for it any more. */
  stop(): void {
    this.#active = false;
    this.#running = false;
    this.#times.wheel.clear(this);
  }

  override onTimeout(): void {
    this.stop();
    this.#late();
  }
}
