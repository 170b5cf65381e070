/** HTTP/2 for an edge that owns the sockets. */
export { Http2Sessions, type Http2Settings } from './sessions.ts';
