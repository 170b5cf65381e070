/** Loads http-proxy without its deprecation warning, and only when somebody wants it. */
import { createRequire } from 'node:module';
import type HttpProxy from 'http-proxy';

type HttpProxyModule = { createProxyServer(options: HttpProxy.ServerOptions): HttpProxy };

/**
 * http-proxy takes `util._extend` while it loads; the first call of that warns (DEP0060) and, with
 * `--throw-deprecation`, throws. So it finds `Object.assign` there instead, which does the same for the plain objects it
 * passes, for just as long as it loads.
 */
export function loadHttpProxy(): HttpProxyModule {
  const require = createRequire(import.meta.url);
  const util = require('node:util') as { _extend?: unknown };
  const descriptor = Object.getOwnPropertyDescriptor(util, '_extend');
  Object.defineProperty(util, '_extend', { value: Object.assign, configurable: true, writable: true });
  try {
    return require('http-proxy') as HttpProxyModule;
  } finally {
    if (descriptor) Object.defineProperty(util, '_extend', descriptor);
    else delete util._extend;
  }
}
