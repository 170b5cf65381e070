/** A slice of the fuzz on every run, and everything it ever found. An hour of it is run by hand: run.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../../../src/testing/http1/refusals.ts';
import { traceReply, traceRequests } from '../../../src/testing/http1/trace.ts';
import { Random } from '../../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../../src/testing/seed.ts';
import { difference } from './compare.ts';
import { Fuzz } from './fuzz.ts';
import type { OracleTrace } from './oracle.ts';
import { readSeeds, shown } from './seeds.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 20);

describe(`differential fuzz against Node’s parser (${SEED_NOTE})`, () => {
  for (const [kind, share] of [['requests', 0.5] as const, ['replies', 0.5] as const])
    test(kind, async () => {
      const fuzz = new Fuzz(new Random(SEED));
      const until = performance.now() + SECONDS * 1000 * share;
      do await fuzz.batch(kind);
      while (performance.now() < until && fuzz.tally.findings.length === 0);
      const { cases, accepted, refused, findings } = fuzz.tally;
      if (findings.length > 0) {
        const { what, found } = await fuzz.smallest(findings[0]!);
        assert.fail(shown(what, found));
      }
      // A fuzz that is refused at the door, or never, proves nothing.
      assert.ok(accepted > cases * 0.1 && accepted < cases * 0.8, `${accepted} of ${cases} accepted`);
      if (cases >= 10_000) assert.ok(refused.size > 20, [...refused.keys()].join());
    });
});

describe('what the fuzz has found', () => {
  for (const seed of readSeeds())
    test(`${seed.name}: ${seed.why}`, async () => {
      const fuzz = new Fuzz(new Random(SEED));
      for (let i = 0; i < 5; i++) await fuzz.check([seed]);
      assert.deepEqual(fuzz.tally.findings, []);
    });
});

describe('the comparison sees', () => {
  const whole = { start: 'GET / 1.1', headers: ['Host', 'a'], body: '', trailers: null, whole: true };
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const cases: readonly (readonly [string, Partial<OracleTrace>, boolean])[] = [
    ['the same message', { messages: [whole] }, false],
    ['a message that Node refuses', { messages: [] }, true],
    ['another target', { messages: [{ ...whole, start: 'GET /b 1.1' }] }, true],
    ['another field', { messages: [{ ...whole, headers: ['host', 'a'] }] }, true],
    ['another body', { messages: [{ ...whole, body: 'b' }] }, true],
    ['a message without an end', { messages: [{ ...whole, whole: false }] }, true],
    ['one message more', { messages: [whole, whole] }, true],
  ];
  for (const [name, node, differs] of cases)
    test(name, () => {
      const trace = traceRequests(LIMITS, [bytes]);
      assert.equal(difference(trace, { messages: [], informed: [], error: '', rest: '', ...node }) !== '', differs);
    });

  test('a 1xx that Node has not', () => {
    const trace = traceReply(LIMITS, 'GET', [Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n')], false);
    assert.notEqual(difference(trace, { messages: [], informed: [], error: '', rest: '' }, 'GET'), '');
  });
});
