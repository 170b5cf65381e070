/**
 * The nodes of a tree of path segments, as numbers in two blocks of memory. As objects, ten thousand routes were some
 * hundred thousand of them, and a search found each of those it came by far from the one before, and in no cache.
 */
import { hashOf, Texts } from './texts.ts';

/** Words of a node. Of nodes and leaves 0 stands for none: the root is no child, and leaves are counted from 1. */
const NODE = 8;
/** Its child for an exact segment, where it has one: where the text begins, its length, the node. */
const TEXT = 0;
const LENGTH = 1;
const CHILD = 2;
/** Children for `:param` and `*`. */
export const PARAM = 3;
export const ONE = 4;
/** Leaves of patterns that end here, and of those that go on with `**`. */
export const END = 5;
export const REST = 6;

/** In place of a length: there are several exact children, and they are in the table. */
const SEVERAL = -1;

/** Words of an entry of the table: its node, the text and its length, the child; a child of 0 is a free entry. */
const ENTRY = 4;

export class Nodes {
  readonly #texts = new Texts();
  #words = new Int32Array(NODE * 8);
  #count = 1;
  /** Exact children of the nodes that have several, by node and text; at most half full. A power of two. */
  #table = new Int32Array(ENTRY * 16);
  #entries = 0;

  /** What `field` of a node says: a child or a leaf, 0 for none. */
  get(node: number, field: number): number {
    return this.#words[node * NODE + field]!;
  }

  set(node: number, field: number, value: number): void {
    this.#words[node * NODE + field] = value;
  }

  /** The child of `node` for `:param` or `*`; it is made where there is none. */
  child(node: number, field: typeof PARAM | typeof ONE): number {
    const known = this.get(node, field);
    if (known !== 0) return known;
    const made = this.#make();
    this.set(node, field, made);
    return made;
  }

  /** The child of `node` for an exact segment; it is made where there is none. */
  exactChild(node: number, text: string): number {
    const known = this.find(node, text, 0, text.length);
    if (known !== 0) return known;
    const at = this.#texts.add(text);
    const made = this.#make();
    if (this.get(node, CHILD) === 0) {
      this.set(node, TEXT, at);
      this.set(node, LENGTH, text.length);
      this.set(node, CHILD, made);
      return made;
    }
    if (this.get(node, LENGTH) !== SEVERAL) {
      this.#enter(node, this.get(node, TEXT), this.get(node, LENGTH), this.get(node, CHILD));
      this.set(node, LENGTH, SEVERAL);
    }
    this.#enter(node, at, text.length, made);
    return made;
  }

  /** The child of `node` for the segment `path[start, end)`, or 0. */
  find(node: number, path: string, start: number, end: number): number {
    const words = this.#words;
    const base = node * NODE;
    const length = words[base + LENGTH]!;
    if (length === SEVERAL) return this.#lookUp(node, path, start, end);
    if (length !== end - start) return 0;
    // A node without an exact child has a text of no length, and 0 for a child.
    return this.#texts.equals(words[base + TEXT]!, path, start, end) ? words[base + CHILD]! : 0;
  }

  #lookUp(node: number, path: string, start: number, end: number): number {
    const table = this.#table;
    const mask = table.length / ENTRY - 1;
    for (let i = hashOf(path, start, end, node) & mask; ; i = (i + 1) & mask) {
      const entry = i * ENTRY;
      const child = table[entry + 3]!;
      if (child === 0) return 0;
      if (table[entry] !== node || table[entry + 2] !== end - start) continue;
      if (this.#texts.equals(table[entry + 1]!, path, start, end)) return child;
    }
  }

  /** All routes are in: what only adding needs is let go. */
  seal(): void {
    this.#texts.seal();
    this.#words = this.#words.slice(0, this.#count * NODE);
  }

  #make(): number {
    if (this.#count * NODE === this.#words.length) {
      const more = new Int32Array(this.#words.length * 2);
      more.set(this.#words);
      this.#words = more;
    }
    return this.#count++;
  }

  #enter(node: number, at: number, length: number, child: number): void {
    if (this.#entries * ENTRY * 2 >= this.#table.length) this.#grow();
    this.#put(this.#table, node, at, length, child);
    this.#entries++;
  }

  #put(table: Int32Array, node: number, at: number, length: number, child: number): void {
    const mask = table.length / ENTRY - 1;
    let i = this.#texts.hash(at, length, node) & mask;
    while (table[i * ENTRY + 3] !== 0) i = (i + 1) & mask;
    table.set([node, at, length, child], i * ENTRY);
  }

  #grow(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    for (let from = 0; from < old.length; from += ENTRY)
      if (old[from + 3] !== 0) this.#put(table, old[from]!, old[from + 1]!, old[from + 2]!, old[from + 3]!);
    this.#table = table;
  }
}
