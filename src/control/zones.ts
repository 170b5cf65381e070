/**
 * Shared memory by identity, as nginx has it: a zone is adopted when the next rule set names it too, and goes when no
 * rule set names it any more. The directory only holds references; memory is freed when the last thread's last rule
 * set that uses a zone is collected.
 */
import type { Log } from '../types/policy.ts';
import type { Zones } from '../types/threads.ts';

/** Gathers the zones of one rule set while it is being compiled. */
export interface ZoneCollector {
  /**
   * The zone of this identity: the one in use where it has the size asked for, else a new one, zeroed.
   * @throws {Error} where one rule set asks for one identity in two sizes, or the memory cannot be had.
   */
  zone(identity: string, bytes: number): SharedArrayBuffer;
  /** What was asked for so far. */
  zones(): Zones;
  /** The rule set is in use: its zones are the ones that live on. */
  commit(): void;
  /** The rule set is not to be. */
  abandon(): void;
}

export class ZoneDirectory {
  readonly #log: Log;
  #current: ReadonlyMap<string, SharedArrayBuffer> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The zones of the rule set in use. */
  zones(): Zones {
    return toZones(this.#current);
  }

  begin(): ZoneCollector {
    const gathered = new Map<string, SharedArrayBuffer>();
    let open = true;
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
        if (open) this.#current = gathered;
        open = false;
      },
      abandon: () => {
        open = false;
      },
    };
  }

  #adopt(identity: string, bytes: number): SharedArrayBuffer | null {
    const zone = this.#current.get(identity);
    if (!zone) return null;
    if (zone.byteLength === bytes) return zone;
    this.#log.warn(
      { zone: identity, had: zone.byteLength, wants: bytes },
      'shared state starts afresh: its size changed',
    );
    return null;
  }
}

function checkSize(identity: string, zone: SharedArrayBuffer, bytes: number): SharedArrayBuffer {
  if (zone.byteLength === bytes) return zone;
  throw new Error(`shared state ${identity} is asked for in two sizes, ${zone.byteLength} and ${bytes} bytes`);
}

/** `fromEntries` defines properties, so an identity called `__proto__` is an ordinary one. */
function toZones(map: ReadonlyMap<string, SharedArrayBuffer>): Zones {
  return Object.fromEntries(map);
}
