/** Taking over from a running Weir (handover.ts is its side), and sockets passed on by a service manager. */
import { WeirError } from '../errors.ts';
import { BoundSocket, SocketPipe } from '../net/sockets.ts';
import type { NamedSocket } from './listening-sockets.ts';

/** Milliseconds that the running process may take to answer. */
const ANSWER_TIMEOUT = 5_000;

/** The first descriptor that a service manager passes on (sd_listen_fds(3)). */
const FIRST_DESCRIPTOR = 3;

/** The process that still serves. Losing it on the way is no harm: its sockets are here. */
export class Predecessor {
  readonly pid: number;
  readonly sockets: readonly NamedSocket[];
  readonly #pipe: SocketPipe;

  constructor(pipe: SocketPipe, pid: number, sockets: readonly NamedSocket[]) {
    this.#pipe = pipe;
    this.pid = pid;
    this.sockets = sockets;
  }

  /** Tells it to stop accepting, to finish what it has, and to end. False where it does not say that it does. */
  async dismiss(): Promise<boolean> {
    try {
      await answered(this.#pipe, { ready: true }, (message) => message.draining === true);
      return true;
    } catch {
      return false;
    } finally {
      this.#pipe.close();
    }
  }

  /** It continues as if there had been no request. */
  release(): void {
    this.#pipe.close();
  }
}

/**
 * Asks the process that listens at `path` for its sockets. Null where there is none.
 * @throws {WeirError} where it does not give them.
 */
export async function findPredecessor(path: string): Promise<Predecessor | null> {
  const pipe = await connect(path);
  if (pipe === null) return null;
  const sockets: NamedSocket[] = [];
  let pid = 0;
  try {
    await answered(pipe, { ask: 'takeover', pid: process.pid }, (message, socket) => {
      if (typeof message.refused === 'string') throw new Error(message.refused);
      if (socket) sockets.push({ name: String(message.name), socket, inherited: message.inherited === true });
      if (message.end === true) pid = Number(message.pid);
      return message.end === true;
    });
  } catch (error) {
    pipe.close();
    throw new WeirError(`cannot take over from the running weir: ${(error as Error).message}`);
  }
  return new Predecessor(pipe, pid, sockets);
}

/** Does a Weir listen at `path`? */
export async function isRunning(path: string): Promise<boolean> {
  const pipe = await connect(path);
  pipe?.close();
  return pipe !== null;
}

/**
 * Sockets that a service manager has bound for this process (sd_listen_fds(3)). Node may have been started by an older
 * one that handed over (main.cjs): then they were passed to that.
 * @throws {WeirError} where one is no TCP socket.
 */
export function passedSockets(env: Readonly<Record<string, string | undefined>>): readonly BoundSocket[] {
  const { LISTEN_PID, LISTEN_FDS, WEIR_HANDED_OVER } = env;
  const meant = WEIR_HANDED_OVER ? process.ppid : process.pid;
  if (Number(LISTEN_PID) !== meant || LISTEN_FDS === undefined) return [];
  if (!/^\d+$/.test(LISTEN_FDS)) throw new WeirError(`LISTEN_FDS: ${JSON.stringify(LISTEN_FDS)} is no number`);
  const sockets: BoundSocket[] = [];
  for (let i = 0; i < Number(LISTEN_FDS); i++) {
    try {
      sockets.push(BoundSocket.open(FIRST_DESCRIPTOR + i));
    } catch (error) {
      throw new WeirError(`LISTEN_FDS: ${(error as Error).message}`);
    }
  }
  return sockets;
}

async function connect(path: string): Promise<SocketPipe | null> {
  try {
    return await SocketPipe.connect(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file without a listener was left by a process that was killed.
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return null;
    throw new WeirError(`cannot take over from the running weir: ${(error as Error).message}`);
  }
}

/** Sends `question` and resolves when `last` says so of an answer. Rejects with what it throws, at the end, or late. */
function answered(
  pipe: SocketPipe,
  question: Readonly<Record<string, unknown>>,
  last: (message: Readonly<Record<string, unknown>>, socket: BoundSocket | null) => boolean,
): Promise<void> {
  if (pipe.closed) return Promise.reject(new Error('it has ended'));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_TIMEOUT} ms`)), ANSWER_TIMEOUT);
  pipe.onEnd = () => reject(new Error('it has ended'));
  pipe.onMessage = (message, socket) => {
    try {
      if (last(message, socket)) resolve();
    } catch (error) {
      reject(error);
    }
  };
  pipe.send(question);
  return promise.finally(() => clearTimeout(timer));
}
