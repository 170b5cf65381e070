/**
 * The Unix socket where listening sockets are handed out: to the threads of this process, and to the process that takes
 * over from it. Its folder is open to this user alone, so whoever reaches it may have them.
 *
 * A successor asks, gets every socket, starts its threads, and says that it is ready; only then does this process stop
 * accepting. One that ends before it is ready has changed nothing. It listens under its own path meanwhile and then
 * moves that over the shared one, so that there is always one to be found.
 */
import { renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { SocketPipe } from '../net/sockets.ts';
import type { Log } from '../types/policy.ts';
import type { ListeningSockets } from './listening-sockets.ts';
import type { RuntimePaths } from './runtime-folder.ts';

export interface HandoverOptions {
  readonly sockets: ListeningSockets;
  /** Threads that ask at the start. They are answered together: none listens before all can serve. */
  readonly threads: number;
  readonly log: Log;
  /** May a successor have the sockets now? */
  readonly serving: () => boolean;
  /** A successor serves. */
  readonly onTakenOver: (pid: number) => void;
}

/** A successor that has asked and is not ready. */
interface Successor {
  readonly pid: number;
  readonly pipe: SocketPipe;
}

export class Handover {
  readonly #options: HandoverOptions;
  #server: Server | null = null;
  #path = '';
  /** Of the file at `#path`; another one there is not ours. */
  #inode = 0;
  /** Threads that have asked while not all have. */
  #waiting: Map<number, () => void> | null = new Map();
  #successor: Successor | null = null;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  /** Where threads ask. */
  get path(): string {
    return this.#path;
  }

  /** False where the file at `path` was removed, or another process has put its own there. */
  get reachable(): boolean {
    return this.#inode !== 0 && inodeOf(this.#path) === this.#inode;
  }

  /** At another path than before, if there was one. @throws {Error} the system's. */
  listen(path: string): Promise<void> {
    // First, since it removes the file it has made.
    this.#server?.close();
    rmSync(path, { force: true });
    const server = createServer({ pauseOnConnect: true }, (connection) => this.#accept(connection));
    this.#server = server;
    this.#path = path;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      // `listen` binds before it returns: nobody but this user can ever connect.
      const mask = process.umask(0o177);
      try {
        server.listen(path, () => {
          server.off('error', reject);
          server.on('error', (error) => this.#options.log.error({ err: error }, 'handover'));
          resolve();
        });
      } finally {
        process.umask(mask);
      }
      this.#inode = inodeOf(path);
      // It is no reason for the process to stay.
      server.unref();
    });
  }

  /** From now on a successor finds this process. @throws {Error} the system's. */
  publish({ shared, own }: RuntimePaths): void {
    renameSync(own, shared);
    this.#path = shared;
  }

  close(): void {
    this.#server?.close();
    this.#successor?.pipe.close();
    this.#successor = null;
    if (this.reachable) rmSync(this.#path, { force: true });
    // A private folder holds nothing else.
    if (this.#path.endsWith('/sockets')) rmSync(dirname(this.#path), { recursive: true, force: true });
  }

  #accept(connection: Socket): void {
    const pipe = SocketPipe.accept(connection);
    pipe.onMessage = (message) => {
      if (message.ask === 'thread') this.#askedByThread(pipe, Number(message.slot));
      else if (message.ask === 'takeover') this.#askedBySuccessor(pipe, Number(message.pid));
      else if (message.ready === true) this.#ready(pipe);
    };
    pipe.onEnd = () => this.#ended(pipe);
  }

  #askedByThread(pipe: SocketPipe, slot: number): void {
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.#options.threads) return pipe.close();
    const answer = (): void => {
      for (const { listener, socket } of this.#options.sockets.forSlot(slot)) pipe.send({ listener }, socket);
      pipe.send({ end: true });
    };
    if (this.#waiting === null) return answer();
    this.#waiting.set(slot, answer);
    if (this.#waiting.size < this.#options.threads) return;
    const all = this.#waiting;
    this.#waiting = null;
    for (const each of all.values()) each();
  }

  #askedBySuccessor(pipe: SocketPipe, pid: number): void {
    const { sockets, serving, log } = this.#options;
    const refused = this.#successor
      ? `process ${this.#successor.pid} is taking over`
      : serving()
        ? ''
        : 'it is not serving';
    if (refused !== '') return pipe.send({ refused, pid: process.pid });
    this.#successor = { pid, pipe };
    log.info({ successor: pid }, 'another process asks to take over');
    for (const { name, socket, inherited } of sockets.all()) pipe.send({ name, inherited }, socket);
    pipe.send({ end: true, pid: process.pid });
  }

  #ready(pipe: SocketPipe): void {
    if (this.#successor?.pipe !== pipe) return;
    const { pid } = this.#successor;
    this.#options.log.info({ successor: pid }, 'another process has taken over');
    pipe.send({ draining: true });
    this.#options.onTakenOver(pid);
  }

  #ended(pipe: SocketPipe): void {
    if (this.#successor?.pipe !== pipe) return;
    const { pid } = this.#successor;
    this.#successor = null;
    if (this.#options.serving())
      this.#options.log.warn({ successor: pid }, 'the process that was to take over has exited');
  }
}

function inodeOf(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    return 0;
  }
}
