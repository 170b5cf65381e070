/** Our own HTTP/1.1 edge. */
export { Http1Edge, type Http1EdgeSettings } from './server.ts';
