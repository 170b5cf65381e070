/**
 * The fuzz by hand: `node test/fuzz/http1/run.ts [--seconds 60] [--seed N]`. Prints what it finds, keeps each finding as
 * a seed, and exits 1 where there is one.
 */
import { parseArgs } from 'node:util';
import { Random } from '../../../src/testing/random.ts';
import { Fuzz } from './fuzz.ts';
import { writeSeed } from './seeds.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
});
const seed = Number(values.seed);
const until = performance.now() + Number(values.seconds) * 1000;
const FINDINGS_MAX = 20;

console.log(`seed ${seed}`);
const fuzz = new Fuzz(new Random(seed));
const { tally } = fuzz;
let said = performance.now();
while (performance.now() < until && tally.findings.length < FINDINGS_MAX) {
  const before = tally.findings.length;
  await fuzz.batch('requests');
  await fuzz.batch('replies');
  for (const [i, { what, found }] of tally.findings.slice(before).entries()) {
    console.log(`${what}\n${JSON.stringify(found.bytes.toString('latin1'))}\n`);
    writeSeed(`found-${seed}-${before + i}`, what.slice(0, what.indexOf(': {')), found);
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
