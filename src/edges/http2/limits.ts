/** Bounds of HTTP/2 connections. What no setting changes stands here as a number with its reason. */
import type { ServerSessionOptions } from 'node:http2';

/** Streams of one connection at a time. Node sets no limit of its own; RFC 9113 §6.5.2 asks for no less than this. */
export const STREAMS_MAX = 100;

/** Streams that a client may cut short at once, and each second from then on, before it is told to calm down. */
export const RESETS = { burst: 200, perSecond: 20 } as const;
export const PINGS = { burst: 100, perSecond: 10 } as const;
export const SETTINGS = { burst: 20, perSecond: 1 } as const;

/**
 * Milliseconds that a connection is kept so that what was written can arrive; and for which a reply that was broken off
 * waits for a client that takes nothing of it.
 */
export const LINGER_MS = 1000;

/** Milliseconds between two looks whether the end of a reply, or the rest of one that was broken off, has left. */
export const ENDING_POLL_MS = 100;

/** What a client may send ahead on one stream, and on the connection as a whole. */
const STREAM_WINDOW = 65_535;
export const CONNECTION_WINDOW = 1 << 20;

/** Megabytes: all streams full both ways, and room to spare. */
export const SESSION_MEGABYTES = 32;

/** Frames that break the rules of their stream, and streams beyond the limit, before the connection ends. */
const INVALID_FRAMES_MAX = 100;
const REJECTED_STREAMS_MAX = 100;

/** Octets that a field takes on average in a head of nothing but tiny ones. */
const FIELD_MIN = 8;
/** RFC 9113 §6.5.2 counts so many more octets for each field than its name and value have. */
const FIELD_OVERHEAD = 32;

/** Octets of a reply's head; the largest head that an upstream's reply may have fits, however many fields it has. */
const REPLY_HEAD_MAX = 262_144;

/**
 * Options of a session where a head may take `headerSize` octets, counted as for HTTP/1.1. Node itself resets a stream
 * whose head is larger than it allows; its bound is wider than ours, so that such a request can be answered.
 */
export function sessionOptions(headerSize: number): ServerSessionOptions {
  const fields = Math.max(128, Math.ceil(headerSize / FIELD_MIN));
  return {
    settings: {
      enablePush: false,
      enableConnectProtocol: false,
      initialWindowSize: STREAM_WINDOW,
      maxConcurrentStreams: STREAMS_MAX,
      maxHeaderListSize: 2 * headerSize + FIELD_OVERHEAD * fields,
    },
    maxHeaderListPairs: fields,
    maxSessionMemory: SESSION_MEGABYTES,
    maxSessionInvalidFrames: INVALID_FRAMES_MAX,
    maxSessionRejectedStreams: REJECTED_STREAMS_MAX,
    maxSendHeaderBlockLength: REPLY_HEAD_MAX,
    maxOutstandingPings: 1,
    // An upstream's repeated field is passed on as it came.
    strictSingleValueFields: false,
  };
}
