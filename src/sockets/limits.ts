/** Bounds of what is gathered for one write, and of waiting for an end. */

/** Pieces up to this size are copied into one write with what stands around them; larger ones go out as they are. */
export const JOINED_MAX = 8_192;

/** Text gathered for one write; beyond this libuv would allocate for it instead of using its stack. */
export const GATHERED_MAX = 16_384;

/** Octets that may wait for the other end before whoever writes is told to stop: what Node's sockets allow. */
export const FULL_AT = 65_536;

/** Milliseconds an ended socket is kept so that the other end can read what was sent before a reset wipes it out. */
export const LINGER_MS = 1_000;
