/** HTTP/2 to upstreams. */
export { createHttp2Forwarder } from './forwarder.ts';
