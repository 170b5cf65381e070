/** The forwarders by the names that `forwarder:` of an upstream takes. */
import type { Forwarder } from '../types/transport.ts';
import { createHttpProxyForwarder } from './http-proxy/index.ts';
import { createHttp1Forwarder } from './http1/index.ts';
import { createHttp2Forwarder } from './http2/index.ts';
import type { ThreadSettings } from './settings.ts';

/**
 * A forwarder for one upstream and thread. `http` speaks our own HTTP/1.1, and HTTP/2 before it where `pool.http2` asks
 * for that and the endpoint agrees. `http-proxy` is loaded when the first one of its kind is made.
 */
export function createForwarder(kind: 'http' | 'http-proxy', settings: ThreadSettings): Forwarder {
  if (kind === 'http-proxy') return createHttpProxyForwarder(settings);
  const http1 = createHttp1Forwarder(settings);
  return settings.pool.http2 ? createHttp2Forwarder(settings, http1) : http1;
}
