/** Frames, whole and cut at every octet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeFrame, FrameScanner, GOING_AWAY } from './websocket-frames.ts';

function frame(first: number, length: number, masked = false): Buffer {
  const mask = masked ? 0x80 : 0;
  const extended = Buffer.alloc(length > 65_535 ? 8 : length > 125 ? 2 : 0);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  else if (extended.length === 2) extended.writeUInt16BE(length);
  const short = extended.length === 8 ? 127 : extended.length === 2 ? 126 : length;
  return Buffer.concat([
    Buffer.of(first, mask | short),
    extended,
    Buffer.alloc(masked ? 4 : 0, 1),
    Buffer.alloc(length, 0x88),
  ]);
}

for (const [what, one] of [
  ['an empty one', frame(0x81, 0)],
  ['an empty, masked one', frame(0x81, 0, true)],
  ['a short one', frame(0x82, 125)],
  ['a short, masked one', frame(0x02, 5, true)],
  ['one with two octets of length', frame(0x82, 126, true)],
  ['one with eight octets of length', frame(0x82, 65_536)],
] as const)
  test(`the end of a frame is found: ${what}`, () => {
    const two = Buffer.concat([one, one]);
    assert.equal(new FrameScanner().takeFrame(two, 0), one.length);
    const scanner = new FrameScanner();
    for (let at = 0; at < two.length; at++) {
      assert.equal(scanner.between, at === 0 || at === one.length, `at ${at}`);
      scanner.take(two.subarray(at, at + 1));
    }
    assert.deepEqual([scanner.between, scanner.closed], [true, false]);
    const whole = new FrameScanner();
    whole.take(two);
    assert.ok(whole.between);
  });

test('a close frame is noticed when it is whole', () => {
  for (const masked of [false, true]) {
    const scanner = new FrameScanner();
    const bytes = closeFrame(GOING_AWAY, masked);
    scanner.take(bytes.subarray(0, -1));
    assert.deepEqual([scanner.between, scanner.closed], [false, false]);
    scanner.take(bytes.subarray(-1));
    assert.deepEqual([scanner.between, scanner.closed], [true, true]);
  }
});
