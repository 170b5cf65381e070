/**
 * Searches bytes for the beginnings of texts. Where none stands, and that is the rule, this takes a fourth of the time
 * that a search of the same text does: it looks at places whose distance is fixed, so none waits for the one before.
 */

/** Bytes of a beginning. Texts have no fewer. */
const LENGTH = 8;
/** Bytes that are looked at together. */
const GRAM = 3;
/** Bytes from one look to the next: whatever is {@link LENGTH} long has a whole gram at one of these places. */
const STRIDE = LENGTH - GRAM + 1;
/** Bytes that are read at once. */
const WORD = 4;
const SLOTS = 2 ** 16;
/** Bits of the first and the last place of a gram in a beginning. */
const FIRST = 1;
const LAST = 1 << (STRIDE - 1);
/** Spreads grams over the slots. Odd, and small enough for V8 to keep it as an integer: half the time of a search. */
const SPREAD = 0x1e37_79b1;

export class Sieve {
  /** By the hash of a gram: at which places of a beginning it stands, a bit for each. Null while there is no beginning. */
  #grams: Uint8Array | null = null;
  readonly #beginnings = new Set<string>();

  /** @param text At least {@link LENGTH} characters. */
  add(text: string): void {
    const bytes = Buffer.from(text);
    this.#beginnings.add(bytes.toString('latin1', 0, LENGTH));
    this.#grams ??= new Uint8Array(SLOTS);
    for (let place = 0; place < STRIDE; place++) this.#grams[slotAt(bytes, place)]! |= 1 << place;
  }

  /** Does any of the texts begin somewhere in `bytes`, which are UTF-8? */
  finds(bytes: Buffer): boolean {
    const grams = this.#grams;
    if (grams === null) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // A gram is read with the byte behind it.
    const last = bytes.length - WORD;
    let at = 0;
    for (; at <= last; at += STRIDE) {
      const places = grams[slotOf(view.getUint32(at, true))]!;
      if (places !== 0 && this.#begins(grams, bytes, at, places)) return true;
    }
    return at === bytes.length - GRAM && this.#begins(grams, bytes, at, grams[slotAt(bytes, at)]!);
  }

  /** Does a beginning stand there whose gram at one of `places` is the one at `at`? */
  #begins(grams: Uint8Array, bytes: Buffer, at: number, places: number): boolean {
    for (let place = 0; place < STRIDE && place <= at; place++) {
      if ((places & (1 << place)) === 0) continue;
      const from = at - place;
      // Cheaper than a text: its first and its last gram must stand there as well.
      if ((grams[slotAt(bytes, from)]! & FIRST) === 0 || (grams[slotAt(bytes, from + STRIDE - 1)]! & LAST) === 0)
        continue;
      if (this.#beginnings.has(bytes.toString('latin1', from, from + LENGTH))) return true;
    }
    return false;
  }
}

/** @param word A gram in its lower bytes, in the order of memory. */
function slotOf(word: number): number {
  return Math.imul(word << 8, SPREAD) >>> 16;
}

function slotAt(bytes: Uint8Array, at: number): number {
  return slotOf(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16));
}
