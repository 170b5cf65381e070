/** The connections to one origin: one undici `Client` each, newest idle one first, the rest waits in line. */
import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { EndpointPlan, PoolPlan } from '../types/plan.ts';
import type { Deadlines } from './deadlines.ts';
import { bare, Dial, type DialSettings } from './dial.ts';

/** An attempt, as far as its connection knows it. */
export interface Rider {
  /** A connection is the rider's own from now on. */
  board(lane: Lane): void;
  /** The socket broke. Called before undici hears of it. */
  socketBroke(error: Error): void;
  /** Nothing of the request left for as long as `sendWithin` allows. */
  sendStalled(): void;
}

/**
 * One connection at a time to an origin, and the request that uses it. undici's `Pool` is not used: it hides which
 * socket a request has (needed to cancel, and to know a reused connection), cannot take a waiting request out of its
 * queue, looks through all connections for a free one, and makes an AsyncResource for each request that waits.
 */
export class Lane {
  readonly client: Client;
  readonly #lanes: Lanes;
  #dial: Dial | null = null;
  #rider: Rider | null = null;
  socket: Socket | null = null;
  /** Replies that the present socket has brought. */
  served = 0;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
    this.client = new Client(lanes.dialSettings.endpoint.origin, {
      // The forwarder keeps the time itself: undici's timers are up to a second late.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: lanes.pool.idle,
      keepAliveMaxTimeout: lanes.pool.idle,
      pipelining: 1,
      allowH2: false,
      connect: (_options, answer) => this.#connect(answer as (error: Error | null, socket: Socket | null) => void),
    });
  }

  get busy(): boolean {
    return this.#rider !== null;
  }

  get usable(): boolean {
    return this.socket !== null && !this.socket.destroyed;
  }

  ride(rider: Rider): void {
    this.#rider = rider;
    rider.board(this);
  }

  /** The rider is done and the connection in order. */
  leave(): void {
    this.#rider = null;
    this.served++;
  }

  /** Reports a request that does not get out within `ms` without any progress; 0 stops that. */
  sendWithin(ms: number): void {
    this.socket?.setTimeout(ms);
  }

  destroy(): void {
    this.#rider = null;
    this.#dial?.cancel();
    this.client.destroy(null, ignore);
    this.socket?.destroy();
  }

  #connect(answer: (error: Error | null, socket: Socket | null) => void): void {
    this.socket = null;
    this.served = 0;
    this.#dial = new Dial(this.#lanes.dialSettings, (error, socket) => {
      this.#dial = null;
      if (socket) this.#adopt(socket);
      answer(error, socket);
    });
  }

  #adopt(socket: Socket): void {
    this.socket = socket;
    socket.on('error', (error) => {
      if (this.socket === socket) this.#rider?.socketBroke(error);
    });
    socket.on('timeout', () => {
      if (this.socket === socket && socket.writableLength > 0) this.#rider?.sendStalled();
      else socket.setTimeout(0);
    });
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (!this.#rider) this.#lanes.drop(this);
    });
  }
}

const ignore = (): void => {};

export class Lanes {
  readonly pool: PoolPlan;
  readonly dialSettings: DialSettings;
  /** What TLS asks the certificate for; '' for an address. */
  readonly servername: string;
  readonly #open = new Set<Lane>();
  readonly #idle: Lane[] = [];
  readonly #waiting = new Set<Rider>();
  #closed: (() => void) | null = null;

  constructor(endpoint: EndpointPlan, pool: PoolPlan, deadlines: Deadlines) {
    this.pool = pool;
    this.dialSettings = { endpoint, pool, deadlines, session: undefined };
    this.servername = bare(endpoint.hostname);
  }

  get open(): number {
    return this.#open.size;
  }
  get idle(): number {
    return this.#idle.length;
  }
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Gives `rider` a connection, now or when one is free. True: it waits. */
  board(rider: Rider): boolean {
    for (let lane = this.#idle.pop(); lane; lane = this.#idle.pop()) {
      if (lane.usable) {
        lane.ride(rider);
        return false;
      }
      this.#forget(lane);
    }
    if (this.#open.size >= this.pool.connections) {
      this.#waiting.add(rider);
      return true;
    }
    this.#create().ride(rider);
    return false;
  }

  /** `rider` waits no more. */
  unqueue(rider: Rider): void {
    this.#waiting.delete(rider);
  }

  /** The connection is free for the next one. */
  release(lane: Lane): void {
    lane.leave();
    const next = this.#nextWaiting();
    if (next) lane.ride(next);
    else if (this.#closed) this.drop(lane);
    else this.#idle.push(lane);
  }

  /** The connection is of no more use: destroys it and lets the next in line open another. */
  drop(lane: Lane): void {
    this.#forget(lane);
    const next = this.#nextWaiting();
    if (next) this.#create().ride(next);
    else this.#settle();
  }

  /** Swaps a broken connection for a new one, for the rider that found it broken. */
  replace(lane: Lane, rider: Rider): void {
    this.#forget(lane);
    this.#create().ride(rider);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closed = resolve;
      for (const lane of this.#idle.splice(0)) this.#forget(lane);
      this.#settle();
    });
  }

  #create(): Lane {
    const lane = new Lane(this);
    this.#open.add(lane);
    return lane;
  }

  #forget(lane: Lane): void {
    if (!this.#open.delete(lane)) return;
    const at = lane.busy ? -1 : this.#idle.indexOf(lane);
    if (at >= 0) this.#idle.splice(at, 1);
    lane.destroy();
  }

  #nextWaiting(): Rider | null {
    for (const rider of this.#waiting) {
      this.#waiting.delete(rider);
      return rider;
    }
    return null;
  }

  #settle(): void {
    if (this.#closed && this.#open.size === 0 && this.#waiting.size === 0) this.#closed();
  }
}
