/**
 * Node's HTTP modules, for their values; types are imported from `node:http` as always. To import `node:http` by name
 * makes Node read every property of it, and one of those, a WebSocket, loads undici: 50 ms of each thread's start.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');

/** Loaded when it is used first: another 40 ms, and most listeners and upstreams speak HTTP/1.1. */
export function http2(): typeof import('node:http2') {
  return process.getBuiltinModule('node:http2');
}
