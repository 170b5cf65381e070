/** The load inside the thread that is measured: connections without a system beneath them, each with one request at a time. */
import type { Server } from 'node:net';
import type { Client } from '../requests.ts';
import { acceptedSocket, type Calls, calls, type Peer, type QuietSocket, quietenConnects } from './handles.ts';
import {
  BODY_BYTES,
  isSigned,
  type LoadName,
  PORTS,
  REPLIES,
  requests,
  STREAM_CHUNK,
  STREAM_HEAD,
} from './messages.ts';
import { allocatedBytes, cpuMicros } from './meters.ts';

/** Connections at a time, as in the rounds. */
const CONNECTIONS = 64;
/** Turns of the event loop without an answer after which something is wrong. */
const PATIENCE = 100_000;

/** What one round took, for each request (or event). */
export interface Round {
  /** Bytes allocated on V8's heap; NaN where this Node does not say. */
  readonly bytes: number;
  /** CPU time of the thread in microseconds. */
  readonly micros: number;
  readonly reads: number;
  readonly writes: number;
  readonly shutdowns: number;
  readonly switches: number;
}

/** First in, first out. It allocates nothing, as what it does is counted with the rest. */
class SocketQueue {
  readonly #places = new Array<QuietSocket | null>(CONNECTIONS * 2).fill(null);
  #first = 0;
  size = 0;

  put(socket: QuietSocket): void {
    const { length } = this.#places;
    if (this.size === length) throw new Error(`more than ${length} connections`);
    this.#places[(this.#first + this.size++) % length] = socket;
  }

  take(): QuietSocket {
    const socket = this.#places[this.#first]!;
    this.#first = (this.#first + 1) % this.#places.length;
    this.size--;
    return socket;
  }
}

export class Driver implements Peer {
  readonly #server: Server;
  readonly #load: LoadName;
  readonly #clients: readonly Client[];
  #lanes: QuietSocket[] = [];
  #streams: QuietSocket[] = [];
  #requests: Uint8Array<ArrayBuffer>[] = [];
  #next = 0;
  #answered = 0;
  #count = 0;
  /** Clients whose answer is in, and upstream connections whose request is. */
  readonly #free = new SocketQueue();
  readonly #asked = new SocketQueue();
  #wrong = '';

  constructor(server: Server, load: LoadName, clients: readonly Client[]) {
    this.#server = server;
    this.#load = load;
    this.#clients = clients;
    quietenConnects(new Set(Object.values(PORTS)), this, (socket) => {
      socket.bodyLength = isSigned(load) ? BODY_BYTES : 0;
    });
  }

  /** Opens the connections; event streams get as far as their heads. */
  async open(): Promise<void> {
    this.#lanes = Array.from({ length: CONNECTIONS }, () => this.#connect());
    for (const lane of this.#lanes) this.#free.put(lane);
    if (this.#load !== 'events') return;
    this.#begin(CONNECTIONS);
    await this.#turns(() => this.#turn());
    for (const lane of this.#lanes) lane.bodyLength = -1;
    // The reply's head goes out with the first event.
    await this.round(CONNECTIONS * 4);
  }

  #connect(): QuietSocket {
    const socket = acceptedSocket(this);
    socket.bodyLength = this.#load === 'events' ? 0 : BODY_BYTES;
    const { _handle } = this.#server as unknown as { _handle: { onconnection(status: number, handle: object): void } };
    _handle.onconnection(0, socket.handle);
    return socket;
  }

  /** Sends `count` requests, or events, and measures them. @throws {Error} where one is not answered as it should be. */
  async round(count: number): Promise<Round> {
    this.#begin(count);
    const before: Calls = { ...calls };
    const turn = this.#load === 'events' ? () => this.#eventTurn() : () => this.#turn();
    const [micros, bytes] = [cpuMicros(), allocatedBytes()];
    await this.#turns(turn);
    const each = (from: number, to: number): number => (to - from) / count;
    return {
      micros: each(micros, cpuMicros()),
      bytes: each(bytes, allocatedBytes()),
      reads: each(before.reads, calls.reads),
      writes: each(before.writes, calls.writes),
      shutdowns: each(before.shutdowns, calls.shutdowns),
      switches: each(before.switches, calls.switches),
    };
  }

  #begin(count: number): void {
    this.#count = count;
    this.#answered = 0;
    this.#next = 0;
    const streaming = this.#load === 'events' && this.#streams.length > 0;
    this.#requests = streaming ? [] : requests(this.#load, count, this.#clients);
  }

  #turns(turn: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let [last, idle] = [-1, 0];
    const next = (): void => {
      turn();
      idle = last === this.#answered ? idle + 1 : 0;
      last = this.#answered;
      if (this.#wrong !== '') reject(new Error(this.#wrong));
      else if (this.#answered >= this.#count) resolve();
      else if (idle > PATIENCE) reject(new Error(`no answer: ${this.#lanes.map((lane) => lane.partial).join('')}`));
      else setImmediate(next);
    };
    setImmediate(next);
    return promise;
  }

  /** One turn of the event loop: what upstreams have to say, then what clients have. */
  #turn(): void {
    for (let left = this.#asked.size; left > 0; left--) {
      const socket = this.#asked.take();
      if (!this.#answer(socket)) this.#asked.put(socket);
    }
    for (let left = this.#free.size; left > 0; left--) {
      const socket = this.#free.take();
      if (this.#next < this.#requests.length && socket.deliver(this.#requests[this.#next]!)) this.#next++;
      else this.#free.put(socket);
    }
  }

  #answer(socket: QuietSocket): boolean {
    if (this.#load !== 'events') return socket.deliver(REPLIES.get(socket.port)!);
    if (!socket.deliver(STREAM_HEAD)) return false;
    this.#streams.push(socket);
    return true;
  }

  #eventTurn(): void {
    const left = Math.min(this.#streams.length, this.#count - this.#next);
    for (let i = 0; i < left; i++) if (this.#streams[i]!.deliver(STREAM_CHUNK)) this.#next++;
  }

  whole(socket: QuietSocket): void {
    if (socket.port !== 0) {
      this.#asked.put(socket);
      return;
    }
    this.#answered++;
    if (socket.bodyLength < 0) return;
    if (!socket.isOk) this.#wrong ||= socket.message;
    this.#free.put(socket);
  }
}
