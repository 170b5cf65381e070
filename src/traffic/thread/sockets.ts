/** How a traffic thread gets the sockets it listens on: the control plane has bound them. */
import { type BoundSocket, SocketPipe } from '../../net/sockets.ts';
import type { SocketMessage, SocketSource } from '../../types/threads.ts';

/**
 * This thread's sockets by listener index, each a descriptor of its own.
 * @throws {Error} where the control plane does not give them.
 */
export async function askForSockets({
  path,
  slot,
}: SocketSource): Promise<ReadonlyMap<number, readonly BoundSocket[]>> {
  const pipe = await SocketPipe.connect(path);
  const sockets = new Map<number, BoundSocket[]>();
  try {
    await new Promise<void>((resolve, reject) => {
      pipe.onEnd = () => reject(new Error('the control plane gave no sockets'));
      pipe.onMessage = (message, socket) => {
        const told = message as SocketMessage;
        if ('end' in told) resolve();
        else if (socket) sockets.set(told.listener, [...(sockets.get(told.listener) ?? []), socket]);
      };
      pipe.send({ ask: 'thread', slot });
    });
  } finally {
    pipe.close();
  }
  return sockets;
}
