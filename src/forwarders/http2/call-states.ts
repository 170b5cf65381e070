/**
 * The states of a call. It takes them in this order, may skip some, and goes back only to be sent once more:
 *
 *   STARTING → WAITING → SENDING ⇄ ASKING → READING → STORED → ENDED
 *                 ↑─────────┴────────┘ on another connection
 *
 * Every state up to STORED may be the last one before ENDED; STARTING and WAITING, and by way of another connection
 * SENDING and ASKING, also before DELEGATED.
 */
/** Inside `Http2Call.start`, where a failure must wait for a later turn. */
export const STARTING = 0;
/** It has no stream, and may wait in the queue for one. Its deadline is the queue's. */
export const WAITING = 1;
/** The request is on a stream, and not all of it has left. */
export const SENDING = 2;
/** The request has left, and the head of the reply is to come. */
export const ASKING = 3;
/** The head of the reply was passed on; its body follows. */
export const READING = 4;
/** The connection has ended behind a whole reply, of which what was not read is kept. */
export const STORED = 5;
/** The forwarder of HTTP/1.1 has it. */
export const DELEGATED = 6;
/** It has ended, and was told or is about to be. */
export const ENDED = 7;
/** The exchange gave it up: nothing may be told any more. */
export const CANCELLED = 8;

/** What the deadline was for, by state. */
export const TIMEOUTS: readonly string[] = Object.freeze([
  '',
  '',
  'the upstream takes no more of the request',
  'no reply came',
  'the reply stopped',
  'the reply stopped',
]);
