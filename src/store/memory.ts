/** The embedded store: two tables in shared memory, exact across the threads of one process. Answers at once. */
import { randomBytes } from 'node:crypto';
import { type Limit, type Store, StoreError, type Taken } from '../types/store.ts';
import { LIMIT_WIDTH, SHARER, takeFrom } from './limits.ts';
import type { Room } from './room.ts';
import { Shares } from './shares.ts';
import { Table, type TableStats } from './table.ts';

export interface MemoryStoreOptions {
  /** Memory shared by all threads, by identity; zeroed when new. */
  zone(identity: string, bytes: number): SharedArrayBuffer;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Number of this thread as the control plane counts them, so that it can free a dead one's locks; -1 where unknown. */
  readonly thread: number;
  /** Nonces remembered at once. */
  readonly nonces: number;
  /** Keys of limits remembered at once. */
  readonly limits: number;
  /** Unpredictable random bytes; the operating system's by default. */
  seed?(bytes: number): Uint8Array;
  /** Zones of another name are another store. */
  readonly name?: string;
  /** When the memory counts as made, in ms since the epoch, where that is earlier than now. */
  readonly madeAt?: number;
  /** From when on it knows what was used, in ms since the epoch, where that is not when its memory was made. */
  readonly since?: number;
}

export interface MemoryStoreStats {
  readonly nonces: TableStats;
  readonly limits: TableStats;
}

/** A {@link Store} whose answers are never promises. */
export interface MemoryStore extends Store {
  /**
   * From when on it knows what was used, in ms since the epoch: the first whole second of its memory's life, so that
   * timestamps in whole seconds are from before it or from after it and never from both. Nothing is to be asked of it before.
   */
  readonly since: number;
  /** @throws {StoreError} `full` where as many nonces are alive as fit: none of them is given up for another. */
  once(key: string, ttl: number): boolean;
  /** Is `key` one that {@link once} would not take? Leaves all as it is. */
  hasUsed(key: string): boolean;
  /**
   * Where as many keys as fit have used some of their allowance, a new one takes the place of another ({@link Shares}).
   * @throws {StoreError} `full` where `sharer` has used its share up and all its keys are spent.
   */
  take(key: string, limit: Limit, cost: number, sharer?: string): Taken;
  /** Reads the whole tables: for metrics, not for the request path. */
  stats(): MemoryStoreStats;
  close(): void;
}

/** Opens the store in its zones, or makes it there. Every thread opens its own. */
export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const nonces = openTable(options, 'nonces', options.nonces, 0, null);
  const limits = openTable(options, 'limits', options.limits, LIMIT_WIDTH, new Shares());
  const sharers = new Map<string, number>();
  const now = options.now;
  const since = options.since ?? Math.ceil(nonces.madeAt / 1000) * 1000;
  let known = since;
  return {
    since,
    remembers(time) {
      if (time >= known) return true;
      // Were the clock set back, nobody could pass until it is there again.
      known = Math.min(known, now());
      return time >= known;
    },
    once(key, ttl) {
      const time = now();
      const slot = nonces.claim(key, time);
      if (slot < 0) throw full(options, 'nonces', nonces.capacity);
      const first = nonces.fresh;
      if (first) nonces.release(slot, time + ttl);
      else nonces.leave();
      return first;
    },
    hasUsed: (key) => nonces.has(key, now()),
    take(key, limit, cost, sharer = '') {
      const time = now();
      const whose = sharers.get(sharer) ?? addSharer(sharers, sharer);
      const slot = limits.claim(key, time, whose);
      if (slot < 0) throw full(options, 'limits', limits.capacity);
      const at = slot * LIMIT_WIDTH;
      const taken = takeFrom(limits.values, at, limit, cost, time);
      limits.values[at + SHARER] = whose;
      // An allowance that is whole again is no different from one never used, so its place is free from then on.
      limits.release(slot, time + taken.resetAfter);
      return taken;
    },
    stats: () => ({ nonces: nonces.stats(now()), limits: limits.stats(now()) }),
    close() {},
  };
}

/** What a sharer is called in the table, by all threads alike: a hash (FNV-1a). Two that have the same share a share. */
function addSharer(sharers: Map<string, number>, name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  sharers.set(name, hash);
  return hash;
}

function openTable(
  options: MemoryStoreOptions,
  what: string,
  capacity: number,
  width: number,
  room: Room | null,
): Table {
  const name = options.name ?? 'store';
  const zone = options.zone(`${name} ${what} ${capacity}`, Table.bytes(capacity, width));
  return new Table(
    zone,
    capacity,
    width,
    options.thread,
    options.seed ?? randomBytes,
    options.madeAt ?? options.now(),
    room,
  );
}

/** Only the store of the config has a capacity that can be set. */
function full({ name }: MemoryStoreOptions, what: string, capacity: number): StoreError {
  const setting = name === undefined ? ` (store.memory.${what} in the config)` : '';
  return new StoreError('full', `the ${name ?? 'memory'} store is full: ${capacity} ${what} are alive${setting}`);
}
