/** Everything about what this process listens on: where its sockets come from, who is given them, and when they end. */
import { existsSync } from 'node:fs';
import { WeirError } from '../errors.ts';
import { type BoundSocket, canPassSockets } from '../net/sockets.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Log } from '../types/policy.ts';
import { Handover } from './handover.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { assertFree } from './ports.ts';
import { privatePath, type RuntimePaths, runtimePaths } from './runtime-folder.ts';
import { findPredecessor, isRunning, type Predecessor, passedSockets } from './takeover.ts';

export interface SocketsOptions {
  readonly config: WeirConfig;
  readonly threads: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Take over from a running Weir where there is one. */
  readonly takeover: boolean;
  readonly log: Log;
  readonly serving: () => boolean;
  /** Another process has taken over and serves. */
  readonly onTakenOver: () => void;
}

export class Sockets {
  readonly #options: SocketsOptions;
  readonly #listening: ListeningSockets;
  /** Null where sockets cannot be passed: threads bind addresses themselves. */
  #handover: Handover | null;
  /** Null where no folder is available: then no process can take over. */
  #paths: RuntimePaths | null = null;
  #predecessor: Predecessor | null = null;
  /** It serves, and can be found. */
  #published = false;

  constructor(options: SocketsOptions) {
    this.#options = options;
    const { threads, log, serving, onTakenOver } = options;
    this.#listening = new ListeningSockets({ ...options.config, threads });
    this.#handover = canPassSockets()
      ? new Handover({ sockets: this.#listening, threads, log, serving, onTakenOver })
      : null;
  }

  /** Path where a thread can ask for its sockets now; null where it binds addresses itself. */
  pathForThread(): string | null {
    if (this.#handover === null) return null;
    // Whatever tidies temporary folders may have removed it.
    if (!this.#handover.reachable) this.#listenAgain(this.#handover);
    return this.#handover.path;
  }

  /** For the admin listener; null where it binds its address itself. */
  get admin(): BoundSocket | null {
    return this.#listening.admin;
  }

  /** Does another process serve until `takeOver`? */
  get takesOver(): boolean {
    return this.#predecessor !== null;
  }

  /** Gets every socket. @throws {WeirError} for the first address that is not available. */
  async open(): Promise<void> {
    const { config, takeover, env, log } = this.#options;
    await this.#findPaths();
    if (this.#handover && !(await this.#listen(this.#handover))) {
      this.#handover.close();
      this.#handover = null;
    }
    if (this.#handover === null) {
      if (takeover)
        throw new WeirError('--takeover is not available: this system cannot pass sockets between processes');
      return assertFree(config.listeners);
    }
    if (takeover && this.#paths) await this.#adoptPredecessor(this.#paths.shared);
    await this.#listening.inherit(passedSockets(env));
    await this.#listening.bindRest();
    if (!takeover || this.#predecessor) return;
    log.info({}, 'no other weir runs with this config, so there is nothing to take over');
  }

  /** This process serves: who starts with `takeover` finds it, and the one before it, if there is one, ends. */
  async takeOver(): Promise<void> {
    const { log } = this.#options;
    if (this.#paths) this.#handover?.publish(this.#paths);
    this.#published = true;
    if (this.#predecessor === null) return;
    const { pid } = this.#predecessor;
    const drains = await this.#predecessor.dismiss();
    this.#predecessor = null;
    if (drains) log.info({ predecessor: pid }, 'took over from another process, which drains');
    else log.warn({ predecessor: pid }, 'took over from another process, which has exited or does not answer');
  }

  /** A thread has died. */
  renew(slot: number): void {
    try {
      this.#listening.renew(slot);
    } catch (error) {
      this.#options.log.error({ err: error, slot }, 'the sockets of a dead thread cannot be replaced');
    }
  }

  /** Before threads stop listening, so that the addresses are free as soon as they have. */
  close(): void {
    this.#handover?.close();
    this.#listening.close();
    this.#predecessor?.release();
    this.#predecessor = null;
  }

  /** False where no file can be made that threads could find. */
  async #listen(handover: Handover): Promise<boolean> {
    if (this.#paths) {
      try {
        await handover.listen(this.#paths.own);
        return true;
      } catch (error) {
        // The folder may be on a file system that takes no sockets, or nothing at all.
        this.#unusable(error as Error);
      }
    }
    try {
      await handover.listen(privatePath());
      return true;
    } catch (error) {
      this.#options.log.warn(
        { problem: (error as Error).message },
        'no folder for a Unix socket: threads bind their own addresses',
      );
      return false;
    }
  }

  /** The runtime folder is. @throws {WeirError} where this process was to take over by it. */
  #unusable({ message }: Error): void {
    const { takeover, log } = this.#options;
    this.#paths = null;
    if (takeover) throw new WeirError(`--takeover: ${message}`);
    log.warn({ problem: message }, 'the runtime folder cannot be used: no other process can take over from this one');
  }

  #listenAgain(handover: Handover): void {
    const { config, env, log } = this.#options;
    log.warn({ path: handover.path }, 'the Unix socket of this process was removed: creating another');
    try {
      if (this.#paths) this.#paths = runtimePaths(config.runtime, config.file, env);
      handover.listen(this.#paths?.own ?? privatePath()).catch((error) => log.error({ err: error }, 'handover'));
      // One that is there by now is another process's.
      if (this.#published && this.#paths && !existsSync(this.#paths.shared)) handover.publish(this.#paths);
    } catch (error) {
      log.error({ err: error }, 'threads that die cannot be replaced: they could not get their sockets');
    }
  }

  async #findPaths(): Promise<void> {
    if (this.#handover === null) return;
    const { config, env, takeover, log } = this.#options;
    try {
      this.#paths = runtimePaths(config.runtime, config.file, env);
    } catch (error) {
      return this.#unusable(error as Error);
    }
    if (takeover || !(await isRunning(this.#paths.shared))) return;
    // Both may run, on different ports; then the first is the one that can be found. On the same ones this one ends.
    this.#paths = null;
    log.warn({ file: config.file }, 'another weir runs with this config; `weir serve --takeover` takes over from it');
  }

  async #adoptPredecessor(path: string): Promise<void> {
    this.#predecessor = await findPredecessor(path);
    if (this.#predecessor === null) return;
    const { pid, sockets } = this.#predecessor;
    for (const { name, socket } of this.#listening.adopt(sockets)) {
      this.#options.log.warn(
        { predecessor: pid, name },
        'this address is no longer in the config: its socket is closed',
      );
      socket.close();
    }
  }
}
