import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../../src/testing/seed.ts';
import { shown } from './seeds.ts';
import { shrink } from './shrink.ts';

const has = (bytes: Buffer, ...parts: string[]) => parts.every((part) => bytes.includes(part, 'latin1'));

test(`nothing is left but what makes it wrong (${SEED_NOTE})`, async () => {
  const chance = new Random(SEED);
  for (let round = 0; round < 20; round++) {
    const noise = () => 'x'.repeat(chance.below(2000));
    const bytes = Buffer.from(`${noise()}GET${noise()}\r\n${noise()}`);
    const smallest = await shrink(bytes, async (part) => has(part, 'GET', '\r\n'));
    assert.equal(smallest.toString(), 'GET\r\n');
  }
});

test('what cannot be made smaller stays, and the work is bounded', async () => {
  let checks = 0;
  const bytes = Buffer.alloc(50_000, 'x');
  const smallest = await shrink(bytes, async () => {
    checks++;
    return false;
  });
  assert.equal(smallest, bytes);
  assert.equal(checks, 2000);
});

test('what is wrong however small becomes nothing', async () => {
  assert.equal((await shrink(Buffer.from('GET / HTTP/1.1'), async () => true)).length, 0);
});

test('a case is shown as the file that keeps it', () => {
  const found = { asked: 'GET', closes: true, bytes: Buffer.from('HTTP/1.1 200 \xe4\r\n', 'latin1') };
  const text = shown('a field more: {"ours":…}', found);
  const line = text.split('\n').find((one) => one.startsWith('{'));
  assert.deepEqual(JSON.parse(line ?? ''), {
    why: 'a field more',
    asked: 'GET',
    closes: true,
    bytes: 'HTTP/1.1 200 \xe4\r\n',
  });
  assert.match(text, new RegExp(SEED_NOTE));
});
