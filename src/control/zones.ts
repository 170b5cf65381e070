/**
 * Shared memory by identity, as nginx has it: a zone is adopted when the next rule set names it too, and goes when no
 * rule set names it any more. The directory only holds references; memory is freed when the last thread's last rule
 * set that uses a zone is collected.
 *
 * A rule set outlives its place: requests that arrived under it go on, in any thread, for as long as a stream may last.
 * Until the last of them has ended its zones stay known here, so that what a thread holds in them can be given back when
 * it dies. The same goes for a rule set that is being taken into use: some threads may already serve it.
 */
import { forgetInFlight } from '../state/endpoint.ts';
import { releaseLocks } from '../state/lock.ts';
import { hasUsers, Users } from '../state/users.ts';
import type { Log } from '../types/policy.ts';
import type { Zones } from '../types/threads.ts';

/** Gathers the zones of one rule set while it is being compiled. */
export interface ZoneCollector {
  /**
   * The zone of this identity: the one in use where it has the size asked for, else a new one, zeroed.
   * @throws {Error} where one rule set asks for one identity in two sizes, or the memory cannot be allocated.
   */
  zone(identity: string, bytes: number): SharedArrayBuffer;
  /** What was asked for so far. */
  zones(): Zones;
  /** The rule set is in use: its zones are the ones that live on. */
  commit(): void;
  /** The rule set is not to be. */
  abandon(): void;
}

type ZoneMap = ReadonlyMap<string, SharedArrayBuffer>;

export class ZoneDirectory {
  readonly #log: Log;
  #current: ZoneMap = new Map();
  /** Of rule sets that are being compiled, or taken into use. */
  readonly #open = new Set<ZoneMap>();
  /** Of earlier rule sets under which requests may still be under way. */
  readonly #former = new Set<ZoneMap>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The zones of the rule set in use. */
  zones(): Zones {
    return toZones(this.#current);
  }

  begin(): ZoneCollector {
    const gathered = new Map<string, SharedArrayBuffer>();
    this.#open.add(gathered);
    return {
      zone: (identity, bytes) => {
        const known = gathered.get(identity);
        if (known) return checkSize(identity, known, bytes);
        const zone = this.#adopt(identity, bytes) ?? new SharedArrayBuffer(bytes);
        gathered.set(identity, zone);
        return zone;
      },
      zones: () => toZones(gathered),
      commit: () => {
        if (!this.#open.delete(gathered)) return;
        this.#former.add(this.#current);
        this.#current = gathered;
        this.#forgetUnused();
      },
      // Threads may have prepared it, but none has served a request with what only this rule set names.
      abandon: () => void this.#open.delete(gathered),
    };
  }

  /**
   * Gives back what a dead thread held in any zone that others may use: its locks, and the requests it had in flight. To
   * be called only after that thread has ended, and before another gets its number.
   */
  release(thread: number): void {
    for (const zone of this.#inUse()) {
      releaseLocks(zone, thread);
      forgetInFlight(zone, thread);
    }
    for (const zones of [this.#current, ...this.#open, ...this.#former]) leave(zones, thread);
    this.#forgetUnused();
  }

  /** Each zone once, however many rule sets name it. */
  #inUse(): Set<SharedArrayBuffer> {
    const all = [this.#current, ...this.#open, ...this.#former];
    return new Set(all.flatMap((zones) => [...zones.values()]));
  }

  #forgetUnused(): void {
    for (const zones of this.#former) if (!isUsed(zones)) this.#former.delete(zones);
  }

  #adopt(identity: string, bytes: number): SharedArrayBuffer | null {
    if (identity === Users.identity) return null;
    const zone = this.#current.get(identity);
    if (!zone) return null;
    if (zone.byteLength === bytes) return zone;
    this.#log.warn({ zone: identity, had: zone.byteLength, wants: bytes }, 'shared state was reset: its size changed');
    return null;
  }
}

function leave(zones: ZoneMap, thread: number): void {
  const users = zones.get(Users.identity);
  if (users) new Users(users, thread).leave();
}

function isUsed(zones: ZoneMap): boolean {
  const users = zones.get(Users.identity);
  return users !== undefined && hasUsers(users);
}

function checkSize(identity: string, zone: SharedArrayBuffer, bytes: number): SharedArrayBuffer {
  if (zone.byteLength === bytes) return zone;
  throw new Error(`shared state ${identity} is asked for in two sizes, ${zone.byteLength} and ${bytes} bytes`);
}

/** `fromEntries` defines properties, so an identity called `__proto__` is an ordinary one. */
function toZones(map: ReadonlyMap<string, SharedArrayBuffer>): Zones {
  return Object.fromEntries(map);
}
