/**
 * The sockets that the listeners stand on, held by the main thread: taken over from a running Weir, inherited from a
 * service manager, or bound here. Threads and successors get duplicates (handover.ts), so the queue of a socket lives
 * as long as any process has it.
 */
import { lookup } from 'node:dns/promises';
import { WeirError } from '../errors.ts';
import { canonicalAddress, formatAddress } from '../net/address.ts';
import { BoundSocket } from '../net/sockets.ts';
import { assertFree, listenProblem } from './ports.ts';

/** A listener as far as its sockets go. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

/** A socket, and which listener of which config it is for. */
export interface NamedSocket {
  readonly name: string;
  readonly socket: BoundSocket;
  /** It belongs to a service manager as well: closing it here would not free its address. */
  readonly inherited: boolean;
}

/** What names the admin listener's sockets begin with, and those of traffic. */
type Role = 'admin' | 'traffic';

/** Two processes that give a listener the same name mean the same address. Port 0 is any port, so its place counts too. */
export function socketName(role: Role, { host, port }: Listening, index = 0): string {
  const address = formatAddress(canonicalAddress(host) ?? host, port);
  return port === 0 ? `${role} ${index} ${address}` : `${role} ${address}`;
}

export interface ListeningSocketsOptions {
  readonly listeners: readonly Listening[];
  readonly admin: Listening | null;
  /** Traffic threads; each listener gets as many sockets where threads can share an address. */
  readonly threads: number;
}

export class ListeningSockets {
  readonly #options: ListeningSocketsOptions;
  readonly #names: readonly string[];
  /** By listener. */
  readonly #traffic: NamedSocket[][];
  #admin: NamedSocket | null = null;

  constructor(options: ListeningSocketsOptions) {
    this.#options = options;
    this.#names = options.listeners.map((listener, i) => socketName('traffic', listener, i));
    this.#traffic = this.#names.map(() => []);
  }

  /** The admin listener's. */
  get admin(): BoundSocket | null {
    return this.#admin?.socket ?? null;
  }

  /** Takes what fits a listener. Returns what does not; a second descriptor of a socket it has is closed. */
  adopt(sockets: readonly NamedSocket[]): readonly NamedSocket[] {
    return sockets.filter((named) => {
      if (this.all().some(({ socket }) => socket.inode === named.socket.inode)) named.socket.close();
      else if (!this.#place(named)) return true;
      return false;
    });
  }

  /**
   * Takes sockets that a service manager has bound, each for the listener with its address.
   * @throws {WeirError} where no listener has it: what comes in there would wait for ever.
   */
  async inherit(sockets: readonly BoundSocket[]): Promise<void> {
    for (const socket of sockets) {
      const name = await this.#nameOf(socket);
      if (name === null || this.adopt([{ name, socket, inherited: true }]).length > 0) {
        const address = formatAddress(socket.address, socket.port);
        throw new WeirError(
          `LISTEN_FDS: the socket ${address} was passed on, but no listener in the config has this address; add one, or remove it from the socket unit`,
        );
      }
    }
  }

  /** Binds addresses for which no socket was passed on. @throws {WeirError} for the first that is not available. */
  async bindRest(): Promise<void> {
    const missing = this.#options.listeners.flatMap((listener, i) =>
      this.#traffic[i]!.length > 0 ? [] : { listener, i },
    );
    await assertFree(missing.map(({ listener }) => listener));
    for (const { listener, i } of missing) await this.#bindListener(listener, i);
    const { admin } = this.#options;
    if (admin && this.#admin === null) this.#admin = await bindAdmin(admin);
  }

  /** What a thread listens on, by listener: its own sockets, or a share in one where there are too few. */
  forSlot(slot: number): readonly { readonly listener: number; readonly socket: BoundSocket }[] {
    const { threads } = this.#options;
    return this.#traffic.flatMap((sockets, listener) => {
      const own = sockets.filter((_, i) => i % threads === slot);
      return (own.length > 0 ? own : [sockets[slot % sockets.length]!]).map(({ socket }) => ({ listener, socket }));
    });
  }

  /**
   * A thread has died: its own sockets are replaced, so that new connections go to the other threads until it is. Those
   * that others listen on as well, and a service manager's, stay.
   */
  renew(slot: number): void {
    const { threads, listeners } = this.#options;
    for (const [i, sockets] of this.#traffic.entries()) {
      if (sockets.length < threads || threads === 1) continue;
      for (const [at, { name, socket, inherited }] of sockets.entries()) {
        if (at % threads !== slot || inherited) continue;
        const { address, port } = socket;
        if (port === 0) continue;
        sockets[at] = { name, socket: bind(address, port, listeners[i]!.host), inherited };
        socket.close();
      }
    }
  }

  /** Everything a successor is given. */
  all(): readonly NamedSocket[] {
    return this.#admin === null ? this.#traffic.flat() : [...this.#traffic.flat(), this.#admin];
  }

  /** Of the traffic listeners, in their order. */
  addresses(): readonly { readonly address: string; readonly port: number }[] {
    return this.#traffic
      .map((sockets) => sockets[0]!.socket)
      .map((socket) => ({ address: socket.address, port: socket.port }));
  }

  /** Gives up the traffic listeners' sockets. The admin listener closes its own. */
  close(): void {
    for (const { socket } of this.#traffic.flat()) socket.close();
    this.#traffic.length = 0;
  }

  #place(named: NamedSocket): boolean {
    const { admin } = this.#options;
    const listener = this.#names.indexOf(named.name);
    if (listener >= 0) this.#traffic[listener]!.push(named);
    else if (admin && named.name === socketName('admin', admin) && this.#admin === null) this.#admin = named;
    else return false;
    return true;
  }

  async #nameOf(socket: BoundSocket): Promise<string | null> {
    const { listeners, admin } = this.#options;
    const bound = canonicalAddress(socket.address);
    const fits = async ({ host, port }: Listening) =>
      port === socket.port && canonicalAddress(await resolveHost(host)) === bound;
    for (const [i, listener] of listeners.entries()) if (await fits(listener)) return this.#names[i]!;
    return admin && (await fits(admin)) ? socketName('admin', admin) : null;
  }

  async #bindListener({ host, port }: Listening, listener: number): Promise<void> {
    const { threads } = this.#options;
    const address = await resolveHost(host);
    const name = this.#names[listener]!;
    // Port 0: the first gets a port, the others the same one.
    for (let i = 0, bound = port; i < threads; i++) {
      const socket = bind(address, bound, host, threads > 1);
      bound = socket.port;
      this.#traffic[listener]!.push({ name, socket, inherited: false });
    }
  }
}

/** Not shared: no other process may have this address. @throws {WeirError} */
async function bindAdmin(admin: Listening): Promise<NamedSocket> {
  const { host, port } = admin;
  try {
    const socket = bind(await resolveHost(host), port, host, false);
    return { name: socketName('admin', admin), socket, inherited: false };
  } catch (error) {
    throw new WeirError(`admin: ${(error as Error).message}`);
  }
}

/** @throws {WeirError} */
function bind(address: string, port: number, host: string, shared = true): BoundSocket {
  try {
    const socket = BoundSocket.bind(address, port, shared);
    // libuv reports EADDRINUSE only at listen.
    if (socket.port > 0) return socket;
    socket.close();
    throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
  } catch (error) {
    throw new WeirError(listenProblem(host, port, error as NodeJS.ErrnoException));
  }
}

async function resolveHost(host: string): Promise<string> {
  return host === 'localhost' ? (await lookup(host)).address : host;
}
