/** The forwarders by the names that `forwarder:` of an upstream takes. */
import type { Forwarder, ForwarderSettings } from '../types/transport.ts';
import { createHttpForwarder } from './http.ts';
import { createHttpProxyForwarder } from './http-proxy.ts';

export { joinSockets, openTunnel, type Tunnel, type TunnelEvents } from './tunnel.ts';

/** A forwarder for one upstream and thread. `http-proxy` is loaded when the first one of its kind is made. */
export function createForwarder(kind: 'http' | 'http-proxy', settings: ForwarderSettings): Forwarder {
  return kind === 'http' ? createHttpForwarder(settings) : createHttpProxyForwarder(settings);
}
