/** Bounds of connections to upstreams. */
import type { ClientSessionOptions } from 'node:http2';

/** Streams of one connection at a time, whatever more its other end would take: then another connection is better. */
export const STREAMS_MAX = 256;

/** How many requests may wait for one connection being made, before anything is known of the origin. */
export const STREAMS_ASSUMED = 100;

/** What may come on one stream before somebody reads it, and on the connection as a whole: bandwidth times delay. */
const STREAM_WINDOW = 1 << 18;
export const CONNECTION_WINDOW = 1 << 22;

/** Octets of a reply's head or trailers, counted as for HTTP/1.1, and fields; beyond, the reply is no good. */
export const HEAD_MAX = 65_536;
const FIELDS_MAX = 1000;

/** Octets of a request's head. */
const REQUEST_HEAD_MAX = 262_144;

/** Megabytes: all streams full both ways. */
export const SESSION_MEGABYTES = 256;

/** Milliseconds after which an origin that chose HTTP/1.1 is asked again. */
export const HTTP1_FOR_MS = 300_000;

/** Milliseconds that the last frames of a connection have to leave. */
export const LINGER_MS = 1000;

export const SESSION_OPTIONS: ClientSessionOptions = Object.freeze({
  settings: Object.freeze({
    enablePush: false,
    initialWindowSize: STREAM_WINDOW,
    maxHeaderListSize: HEAD_MAX,
  }),
  maxHeaderListPairs: FIELDS_MAX,
  maxSessionMemory: SESSION_MEGABYTES,
  maxSendHeaderBlockLength: REQUEST_HEAD_MAX,
  maxReservedRemoteStreams: 0,
  maxOutstandingPings: 1,
  // A repeated field goes out as it came in.
  strictSingleValueFields: false,
} as ClientSessionOptions);
