/** How every edge listens: on an address of its own, or on sockets that others have bound. */
import { createServer, type Server, type Socket } from 'node:net';
import type { BoundSockets } from '../types/transport.ts';
import type { EdgeSettings } from './settings.ts';

/** Connections that may wait to be accepted; the system's own bound (`net.core.somaxconn`) counts as well. */
const BACKLOG = 4096;

/**
 * Resolves when `server` listens. More than one socket on one address comes from a process that had more threads:
 * what is accepted there is handed to `server`. Resolves with the servers that do so, which the caller closes.
 * @throws {Error} the system's.
 */
export async function listen(
  server: Server,
  { host, port, reusePort, connections }: EdgeSettings,
  sockets: BoundSockets = [],
): Promise<readonly Server[]> {
  const [first, ...others] = sockets;
  await started(server, (done) => {
    if (first) server.listen(first.native, BACKLOG, done);
    else server.listen({ host, port, reusePort, backlog: BACKLOG }, done);
  });
  const { allowHalfOpen } = server as Server & { readonly allowHalfOpen: boolean };
  const feeders = others.map(() => createServer({ allowHalfOpen, noDelay: true }));
  const feed = others.length > 0 ? sharedLimit(server, connections) : null;
  for (const feeder of feeders) {
    feeder.on('connection', feed!);
    feeder.on('error', () => {});
  }
  await Promise.all(
    feeders.map((feeder, i) => started(feeder, (done) => feeder.listen(others[i]!.native, BACKLOG, done))),
  );
  return feeders;
}

/** Hands connections to `server` as if it had accepted them, `connections` at most together with those it accepts itself. */
function sharedLimit(server: Server, connections: number): (socket: Socket) => void {
  let [open, fed] = [0, 0];
  server.on('connection', (socket: Socket) => {
    open++;
    socket.once('close', () => open--);
  });
  const feeds = (more: number): void => {
    fed += more;
    server.maxConnections = connections - fed;
  };
  return (socket) => {
    if (open >= connections) return socket.destroy();
    feeds(1);
    socket.once('close', () => feeds(-1));
    server.emit('connection', socket);
  };
}

function started(server: Server, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    start(() => {
      server.off('error', reject);
      resolve();
    });
  });
}
