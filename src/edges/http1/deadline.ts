/** The one deadline that a connection has at a time: what it waits for, and how long. */
import { Timer, type TimerWheel } from '../../state/wheel.ts';
import { LINGER_MS, PROBE_AFTER_MS, PROBE_ANSWER_MS } from './limits.ts';

/** Milliseconds; 0 for no limit. */
export interface Times {
  readonly wheel: TimerWheel;
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  readonly idleTimeout: number;
  /** The wheel's clock. */
  now(): number;
}

/**
 * What is waited for: a request's first byte, the rest of its head, its body; nothing, while the exchange works; a
 * half-closed client's silence to be tested, and its answer to that; a client's own end of an ended connection.
 */
export type Phase = 'idle' | 'head' | 'body' | 'none' | 'probe' | 'probed' | 'linger';

export class Deadline extends Timer {
  phase: Phase = 'idle';
  readonly #times: Times;
  readonly #late: (phase: Phase) => void;
  /** When the head began, where it came in pieces. */
  #headSince = 0;

  /** `late` is told when the time for a phase is over. A connection on which nothing is said has the time of a head. */
  constructor(times: Times, late: (phase: Phase) => void) {
    super();
    this.#times = times;
    this.#late = late;
    this.#set(times.headerTimeout);
  }

  idle(): void {
    if (this.phase === 'idle') return;
    this.phase = 'idle';
    this.#set(this.#times.idleTimeout);
  }

  head(): void {
    if (this.phase === 'head') return;
    this.phase = 'head';
    this.#headSince = this.#times.now();
    this.#set(this.#times.headerTimeout);
  }

  /** The whole request has `requestTimeout` from its first byte on. */
  body(): void {
    if (this.phase === 'body') return;
    const { requestTimeout } = this.#times;
    const spent = this.phase === 'head' ? this.#times.now() - this.#headSince : 0;
    this.phase = 'body';
    this.#set(requestTimeout > 0 ? Math.max(1, requestTimeout - spent) : 0);
  }

  /** Nothing is expected from the client. */
  none(): void {
    this.phase = 'none';
    this.#times.wheel.clear(this);
  }

  probe(): void {
    this.phase = 'probe';
    this.#set(PROBE_AFTER_MS);
  }

  probed(): void {
    this.phase = 'probed';
    this.#set(PROBE_ANSWER_MS);
  }

  linger(): void {
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
