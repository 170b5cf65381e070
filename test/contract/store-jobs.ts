/** What the store contract runs in worker threads. */
import type { Limit, Store } from '../../src/types/store.ts';

interface Shared {
  readonly module: string;
  readonly data: unknown;
}

async function open({ module, data }: Shared, index: number): Promise<Store> {
  return (await import(module)).openStore(data, index);
}

/** Asks for every key `rounds` times, each thread from another place in the list; how often the answer was "first". */
export async function raceOnce(
  { shared, keys, rounds }: { shared: Shared; keys: string[]; rounds: number },
  index: number,
) {
  const store = await open(shared, index);
  const from = Math.floor((keys.length / 4) * index);
  let passed = 0;
  for (let i = 0; i < keys.length * rounds; i++)
    if (await store.once(keys[(from + i) % keys.length]!, 300_000)) passed++;
  await store.close();
  return passed;
}

/** Takes one unit of one key `times` times; how often it was allowed. */
export async function raceTake(
  { shared, limit, times }: { shared: Shared; limit: Limit; times: number },
  index: number,
) {
  const store = await open(shared, index);
  let allowed = 0;
  for (let i = 0; i < times; i++) if ((await store.take('shared', limit, 1)).allowed) allowed++;
  await store.close();
  return allowed;
}
