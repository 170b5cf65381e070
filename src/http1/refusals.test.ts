/** Every rule has a message that breaks it, and breaks it the same way however the bytes are cut. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS, REFUSALS, type Refusal } from '../testing/http1/refusals.ts';
import { cutAt, drip, type Trace, traceReply, traceRequests } from '../testing/http1/trace.ts';
import { RULES, type RuleCode } from './rules.ts';

function run({ bytes, asked, closes }: Refusal, cut: (bytes: Buffer) => Iterable<Buffer>): Trace {
  const pieces = cut(Buffer.from(bytes, 'latin1'));
  return asked === undefined ? traceRequests(LIMITS, pieces) : traceReply(LIMITS, asked, pieces, closes === true);
}

/** What must not depend on the cuts. */
const gist = ({ messages, informed, code }: Trace) => ({ messages, informed, code });

for (const code of Object.keys(RULES) as RuleCode[])
  describe(code, () => {
    const messages = REFUSALS.filter((refusal) => refusal.code === code);

    test('has a message that breaks it', () => assert.ok(messages.length > 0));

    for (const refusal of messages) {
      const name = JSON.stringify(refusal.bytes).slice(0, 90);
      test(name, () => {
        const whole = run(refusal, (bytes) => [bytes]);
        assert.equal(whole.code, code);
        assert.deepEqual(gist(run(refusal, drip)), gist(whole));
        for (let at = 1; at < refusal.bytes.length; at++)
          assert.deepEqual(gist(run(refusal, (bytes) => cutAt(bytes, [at]))), gist(whole), `cut at ${at}`);
      });
    }
  });

test('every row says what an operator needs', () => {
  for (const [code, rule] of Object.entries(RULES)) {
    assert.equal(rule.code, code);
    assert.match(rule.section, /^RFC \d{4} §[\d.]+$/);
    assert.ok(rule.status >= 400 && rule.status < 600);
  }
});
