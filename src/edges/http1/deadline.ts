/** The one deadline that a connection has at a time: what it waits for, and how long. */
import { LINGER_MS } from '../../sockets/limits.ts';
import { Timer } from '../../state/wheel.ts';
import type { Drain } from '../drain.ts';
import { UploadClock, type UploadTimes } from '../upload-clock.ts';

/** Milliseconds; 0 for no limit. */
export interface Times extends UploadTimes {
  readonly headerTimeout: number;
  readonly idleTimeout: number;
  readonly drain: Drain;
}

/**
 * What is waited for: a request's first byte, the rest of its head, its body; nothing, while the exchange works; a
 * client's own end of an ended connection.
 */
export type Phase = 'idle' | 'head' | 'body' | 'none' | 'linger';

export class Deadline extends Timer {
  phase: Phase = 'idle';
  readonly #times: Times;
  readonly #late: (phase: Phase) => void;
  /** When the head began, where it came in pieces. */
  #headSince = 0;
  /** Made for the first body that does not come with its head. */
  #upload: UploadClock | null = null;

  /** `late` is told when the time for a phase is over. A connection on which nothing is said has the time of a head. */
  constructor(times: Times, late: (phase: Phase) => void) {
    super();
    this.#times = times;
    this.#late = late;
    this.#set(times.headerTimeout);
  }

  /** `most`: milliseconds that the connection has left in any case. */
  idle(most: number): void {
    if (this.phase === 'idle' && !this.#times.drain.begun) return;
    this.none();
    this.phase = 'idle';
    const { idleTimeout } = this.#times;
    this.#set(idleTimeout > 0 ? Math.min(idleTimeout, most) : Number.isFinite(most) ? most : 0);
  }

  head(): void {
    if (this.phase === 'head') return;
    this.none();
    this.phase = 'head';
    this.#headSince = this.#times.now();
    this.#set(this.#times.headerTimeout);
  }

  /** Time runs while the client is read. A head that came in pieces has used some of it. `held`: Weir does not read. */
  body(held: boolean): void {
    if (this.phase !== 'body') {
      const spent = this.phase === 'head' ? this.#times.now() - this.#headSince : 0;
      this.none();
      this.phase = 'body';
      this.#upload ??= new UploadClock(this.#times, () => this.#late('body'));
      this.#upload.start(spent);
    }
    if (held) this.#upload!.hold();
    else this.#upload!.run();
  }

  /** Octets of a body, if one is waited for. */
  took(octets: number): void {
    if (this.phase === 'body') this.#upload!.took(octets);
  }

  /** Weir stops reading the client. */
  hold(): void {
    if (this.phase === 'body') this.#upload!.hold();
  }

  /** Nothing is expected from the client. */
  none(): void {
    if (this.phase === 'body') this.#upload!.stop();
    this.phase = 'none';
    this.#times.wheel.clear(this);
  }

  linger(): void {
    this.none();
    this.phase = 'linger';
    this.#set(LINGER_MS);
  }

  #set(ms: number): void {
    if (ms > 0) this.#times.wheel.set(this, ms);
    else this.#times.wheel.clear(this);
  }

  onTimeout(): void {
    this.#late(this.phase);
  }
}
