/** What the tests of the policy kind signature run in worker threads. */

import { Fields, type Pairs } from '../fields/fields.ts';
import type { SignatureConfig } from '../policies/signature/config.ts';
import { signature } from '../policies/signature/index.ts';
import { admitted, fakeExchange, fakeHost } from './fake-env.ts';

interface Replay {
  readonly zones: Record<string, SharedArrayBuffer>;
  readonly config: SignatureConfig;
  /** Names and values in turn: what threads can be given. */
  readonly requests: readonly Pairs[];
  readonly body: string;
  readonly now: number;
  readonly rounds: number;
}

/** Sends every request `rounds` times, each thread beginning elsewhere; how many passed. */
export async function replay({ zones, config, requests, body, now, rounds }: Replay, index: number): Promise<number> {
  const hooks = signature.compile(config, fakeHost(now, zones).env('signed'));
  const from = index * 25;
  let passed = 0;
  for (let i = 0; i < requests.length * rounds; i++) {
    const headers = Fields.from(requests[(from + i) % requests.length]!);
    if ((await admitted(hooks, fakeExchange({ headers, body: Buffer.from(body) }))) === '') passed++;
  }
  return passed;
}
