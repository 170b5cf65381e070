/** What must be known about addresses before threads share them. */
import { createServer } from 'node:net';
import { WeirError } from '../errors.ts';
import { formatAddress } from '../net/address.ts';
import type { ListenerConfig } from '../types/config.ts';

/** Where several sockets can listen on one address and the system spreads connections over them. */
const SHARING_PLATFORMS: ReadonlySet<string> = new Set(['linux', 'freebsd', 'aix', 'sunos']);

/** Can several threads listen on one address here? */
export function canSharePorts(platform: string = process.platform): boolean {
  return SHARING_PLATFORMS.has(platform);
}

/**
 * Checks that no process listens on these addresses. With `reusePort` a second Weir of the same user would get the
 * address without an error and half of the first one's connections; a plain socket is refused.
 * @throws {WeirError} for the first address that is not available.
 */
export async function assertFree(listeners: readonly Pick<ListenerConfig, 'host' | 'port'>[]): Promise<void> {
  for (const { host, port } of listeners) if (port !== 0) await tryListen(host, port);
}

function tryListen(host: string, port: number): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new WeirError(listenProblem(host, port, error))));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

/** One line an operator understands. */
export function listenProblem(host: string, port: number, error: NodeJS.ErrnoException): string {
  const address = formatAddress(host, port);
  if (error.code === 'EADDRINUSE') return `${address} is in use by another process`;
  if (error.code === 'EACCES') return `${address}: this user may not listen on port ${port}`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `${address}: this machine has no such address`;
  return `${address}: ${error.message}`;
}
