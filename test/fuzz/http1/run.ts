/**
 * The fuzz by hand: `node test/fuzz/http1/run.ts [--seconds 60]`, with FUZZ_SEED to play a run again. Prints what it
 * finds, keeps each finding as a seed, and exits 1 where there is one.
 */
import { parseArgs } from 'node:util';
import { Random } from '../../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../../src/testing/seed.ts';
import { Fuzz } from './fuzz.ts';
import { shown, writeSeed } from './seeds.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
});
const until = performance.now() + Number(values.seconds) * 1000;
const FINDINGS_MAX = 20;

console.log(SEED_NOTE);
const fuzz = new Fuzz(new Random(SEED));
const { tally } = fuzz;
let said = performance.now();
while (performance.now() < until && tally.findings.length < FINDINGS_MAX) {
  const before = tally.findings.length;
  await fuzz.batch('requests');
  await fuzz.batch('replies');
  for (const [i, finding] of tally.findings.slice(before).entries()) {
    const { what, found } = await fuzz.smallest(finding);
    console.log(`${shown(what, found)}\n`);
    writeSeed(`found-${SEED}-${before + i}`, what, found);
  }
  if (performance.now() - said > 60_000) {
    said = performance.now();
    console.log(`${tally.cases} cases`);
  }
}
console.log(`${tally.cases} cases, ${tally.accepted} without a refusal, ${tally.messages} messages`);
for (const [code, count] of [...tally.refused].toSorted((a, b) => b[1] - a[1]))
  console.log(`${String(count).padStart(9)} ${code}`);
console.log(`${tally.findings.length} findings`);
process.exit(tally.findings.length > 0 ? 1 : 0);
