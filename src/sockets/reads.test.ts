/** Where reads go: what was handed out is never written over, and who reads little holds no block. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadBlocks } from './reads.ts';

/** A connection as Node drives one: it reads into its place, hands it over, and asks where to read next. */
class Reader {
  readonly #reads: ReadBlocks;
  place: Buffer;

  constructor(reads: ReadBlocks) {
    this.#reads = reads;
    this.place = reads.place();
  }

  /** Reads `size` octets of `fill`; `meanwhile` is what their receiver does. */
  read(size: number, fill: string, meanwhile: () => void = () => {}, whole = false): Buffer {
    assert.ok(size <= this.place.length);
    this.place.fill(fill, 0, size);
    const taken = this.#reads.take(size, this.place);
    const bytes = this.#reads.lends(this.place) ? Buffer.from(taken) : taken;
    meanwhile();
    this.#reads.moveOn(size, this.place, size === this.place.length && !whole);
    this.place = this.#reads.place() ?? this.place;
    return bytes;
  }
}

test('connections that read little share one place', () => {
  const reads = new ReadBlocks();
  const [one, two] = [new Reader(reads), new Reader(reads)];
  one.read(1000, 'a');
  assert.ok(one.place === two.place);
  assert.ok(new Reader(reads).place === one.place);
});

test('what was handed out stays as it was, whoever reads next and however much', () => {
  const reads = new ReadBlocks();
  const readers = Array.from({ length: 3 }, () => new Reader(reads));
  const kept: [Buffer, string][] = [];
  const sizes = [1, 700, 65_536, 20_000, 65_536, 16_384, 3, 40_000, 16_383, 9, 17_000];
  for (let i = 0; i < 200; i++) {
    const reader = readers[i % readers.length]!;
    const fill = String.fromCharCode(97 + (i % 26));
    const size = Math.min(sizes[i % sizes.length]!, reader.place.length);
    kept.push([reader.read(size, fill), fill.repeat(size)]);
  }
  for (const [bytes, text] of kept) assert.equal(bytes.toString('latin1'), text);
});

test('who fills the place reads into blocks of its own, uncopied, until it does not fill one', () => {
  const reads = new ReadBlocks();
  const shared = new Reader(reads).place;
  const reader = new Reader(reads);
  reader.read(60_000, 'a');
  assert.ok(reader.place === shared);
  reader.read(65_536, 'a');
  assert.notEqual(reader.place, shared);
  const { place } = reader;
  assert.equal(reader.read(65_536, 'b'), place);
  assert.ok(reader.place !== place && reader.place !== shared);
  reader.read(60_000, 'c');
  assert.ok(reader.place === shared, 'who may be idle from now on holds no block');
});

test('who fills the place with the end of a message holds no block', () => {
  const reads = new ReadBlocks();
  const reader = new Reader(reads);
  const shared = reader.place;
  reader.read(65_536, 'a', () => {}, true);
  assert.ok(reader.place === shared);
  reader.read(65_536, 'b');
  assert.notEqual(reader.place, shared);
  reader.read(65_536, 'c', () => {}, true);
  assert.ok(reader.place === shared, 'nor from a block of its own');
});

test('a connection that is made while another one hands over its octets gets a place', () => {
  const reads = new ReadBlocks();
  const reader = new Reader(reads);
  const shared = reader.place;
  for (const size of [10, 65_536, 65_536, 10]) {
    let made: Reader | null = null;
    reader.read(size, 'a', () => {
      made = new Reader(reads);
    });
    assert.ok(made!.place === shared);
  }
});
