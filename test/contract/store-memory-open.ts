/** Opens the memory store on zones of a test, in any thread. */
import { createMemoryStore, type MemoryStore } from '../../src/store/memory.ts';

export interface SharedZones {
  readonly zones: Readonly<Record<string, SharedArrayBuffer>>;
  readonly nonces: number;
  readonly limits: number;
  /** One number: milliseconds since the epoch, the same for all threads. */
  readonly clock: Float64Array;
}

export function openStore({ zones, nonces, limits, clock }: SharedZones, index: number): MemoryStore {
  return createMemoryStore({
    zone(identity, bytes) {
      const zone = zones[identity];
      if (zone?.byteLength !== bytes) throw new Error(`no zone ${identity} of ${bytes} bytes`);
      return zone;
    },
    now: () => clock[0]!,
    thread: index + 1,
    nonces,
    limits,
  });
}
