/** Holds what a request allocates: within a tenth of the figures in quiet.json. Bytes do not depend on the machine's load. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { makeClients } from './clients.ts';
import { HELD, readFigures } from './quiet/figures.ts';
import type { LoadName } from './quiet/messages.ts';
import { countsAllocations } from './quiet/meters.ts';
import { QuietProgram } from './quiet/program.ts';
import { readQuietOptions } from './quiet.ts';
import { summarize } from './stats.ts';
import { ROOT } from './subjects/files.ts';

const TOLERANCE = 0.1;
const REQUESTS = 2_000;
/** Rounds in which the median of the last few must come within the bounds: V8 compiles while they run. */
const [LEAST, MOST, LAST] = [12, 80, 3];

const skip = countsAllocations() ? false : 'this Node does not count allocated bytes';

/** Bytes allocated for each request once they are within the bounds, or as they were at last. */
async function settled(load: LoadName, expected: number): Promise<number> {
  const program = await QuietProgram.start(ROOT, load, makeClients(512));
  try {
    const bytes: number[] = [];
    let median = Number.NaN;
    for (let round = 1; round <= MOST; round++) {
      bytes.push((await program.round(REQUESTS)).bytes);
      median = summarize(bytes.slice(-LAST)).median;
      if (round >= LEAST && Math.abs(median / expected - 1) <= TOLERANCE) break;
    }
    return median;
  } finally {
    await program.close();
  }
}

describe('a request allocates what it did', { skip, concurrency: true }, () => {
  for (const load of HELD) {
    it(load, async () => {
      const expected = readFigures().bytes[load]!;
      const bytes = await settled(load, expected);
      const said = `${load}: ${bytes.toFixed(0)} bytes a request; quiet.json says ${expected}`;
      assert.ok(Math.abs(bytes / expected - 1) <= TOLERANCE, `${said} (--write writes them anew, if it is meant)`);
    });
  }
});

test('options: what is unknown or not a number is refused', () => {
  assert.deepEqual(readQuietOptions(['--load', 'get,five', '--rounds', '3']).loads, ['get', 'five']);
  assert.throws(() => readQuietOptions(['--load', 'put']), /no load put; there are get, /);
  assert.throws(() => readQuietOptions(['--requests', '0']), /--requests takes a whole number above 0, not 0/);
});
