/** Texts of segments side by side in one block of bytes, each of them once: ten thousand strings would be as many objects. */

/** Words of a slot: where a text begins, plus one (0: the slot is free), and how long it is. */
const SLOT = 2;

export class Texts {
  #bytes = new Uint8Array(256);
  #used = 0;
  /** By hash, at most half full. A power of two. */
  #slots = new Int32Array(16 * SLOT);
  #count = 0;

  /** Where `text` begins; it is added where it is not known. ASCII only: that is what normal forms are made of. */
  add(text: string): number {
    if (this.#count * SLOT * 2 >= this.#slots.length) this.#grow();
    const at = this.#find(text, this.#slots);
    if (this.#slots[at] === 0) {
      this.#slots[at] = this.#append(text) + 1;
      this.#slots[at + 1] = text.length;
      this.#count++;
    }
    return this.#slots[at]! - 1;
  }

  /** Is `path[start, end)` the text of that length at `at`? */
  equals(at: number, path: string, start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let i = start, j = at; i < end; i++, j++) if (path.charCodeAt(i) !== bytes[j]) return false;
    return true;
  }

  /** The hash of a text that is here, as {@link hashOf} gives it. */
  hash(at: number, length: number, seed: number): number {
    let hash = seed;
    for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ this.#bytes[i]!, PRIME);
    return mixed(hash);
  }

  /** All are known: what only {@link add} needs is let go. */
  seal(): void {
    this.#bytes = this.#bytes.slice(0, this.#used);
    this.#slots = new Int32Array(0);
  }

  /** Index of the slot that has `text`, or that is free for it. */
  #find(text: string, slots: Int32Array): number {
    const mask = slots.length / SLOT - 1;
    for (let i = hashOf(text, 0, text.length, 0) & mask; ; i = (i + 1) & mask) {
      const at = slots[i * SLOT]!;
      if (at === 0) return i * SLOT;
      if (slots[i * SLOT + 1] === text.length && this.equals(at - 1, text, 0, text.length)) return i * SLOT;
    }
  }

  #append(text: string): number {
    const at = this.#used;
    if (at + text.length > this.#bytes.length) {
      const more = new Uint8Array(Math.max(this.#bytes.length * 2, at + text.length));
      more.set(this.#bytes);
      this.#bytes = more;
    }
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    this.#used += text.length;
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length / SLOT - 1;
    for (let from = 0; from < old.length; from += SLOT) {
      if (old[from] === 0) continue;
      let i = this.hash(old[from]! - 1, old[from + 1]!, 0) & mask;
      while (slots[i * SLOT] !== 0) i = (i + 1) & mask;
      slots[i * SLOT] = old[from]!;
      slots[i * SLOT + 1] = old[from + 1]!;
    }
    this.#slots = slots;
  }
}

const PRIME = 0x01000193;

/** FNV-1a of `path[start, end)`, mixed so that the low bits depend on all. */
export function hashOf(path: string, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ path.charCodeAt(i), PRIME);
  return mixed(hash);
}

function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return half ^ (half >>> 13);
}
