/**
 * The states of a reply. It takes them in this order, may skip some, and never goes back:
 *
 *   WAITING → HELD ──────────────────┐
 *      └────→ SENDING → TRAILING → ENDING → STOPPING → CLOSED      written whole: `done`
 *               any of these → BREAKING → RESETTING → ABANDONED → CLOSED      broken off: `gone`
 */
/** There is no reply yet. */
export const WAITING = 0;
/** One without a body: its head goes out when the reply is ended, for nothing follows it. */
export const HELD = 1;
/** The head is out, and the body follows. */
export const SENDING = 2;
/** All of the body was handed to Node; it asks for the trailers when that has left. */
export const TRAILING = 3;
/** All of the reply was handed to Node. */
export const ENDING = 4;
/** Written, while the client still sends: once END_STREAM is out the client is told to stop. */
export const STOPPING = 5;
/** Broken off: what was written before goes out first. */
export const BREAKING = 6;
/** The stream is being reset. */
export const RESETTING = 7;
/** Broken off when Node had closed the stream already; its last event follows. */
export const CLOSING = 8;
/** The exchange was told that the client is gone; the stream is not closed yet. */
export const ABANDONED = 9;
/** The stream is over, and the exchange was told. */
export const CLOSED = 10;
