/**
 * Lines of JSON written as UTF-8 straight into memory, for those that are too many to be made of strings: a line costs no
 * allocation, and what stands in each of them is escaped once and copied from then on.
 */

/** Bytes that are copied at once: a copy may write as many behind its end. */
const WORD = 8;
/** Bytes that one UTF-16 code unit can become: `\u0000`. */
const ESCAPED = 6;
/** Digits of `Number`s that are written here, and not by `String`. */
const INT_MAX = 0x7fff_ffff;
/** What a text of JSON holds as it is: ASCII but for control characters, `"` and `\`. */
const PLAIN = plainCharacters();

function plainCharacters(): Uint8Array {
  const plain = new Uint8Array(0x80).fill(1, 0x20);
  for (const char of '"\\') plain[char.charCodeAt(0)] = 0;
  return plain;
}

/** Text as it stands in a line, with its quotes and escapes: copied by words. */
export class Fragment {
  readonly length: number;
  readonly words: DataView;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.words = new DataView(new ArrayBuffer(Math.ceil(bytes.length / WORD) * WORD));
    new Uint8Array(this.words.buffer).set(bytes);
  }

  /** Writes ASCII in the place of as many characters. */
  patch(at: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.words.setUint8(at + i, text.charCodeAt(i));
  }
}

/** Where the owner of a name keeps it as the log of its thread writes it: null before the first line that has it. */
export class Logged {
  fragment: Fragment | null = null;
}

/** `text` as it stands between the quotes of JSON. Lone surrogates are escaped. */
export function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Writes into `bytes` from {@link at} on. Whoever writes has made sure that there is room: see {@link roomFor}. */
export class JsonBytes {
  at = 0;
  readonly bytes: Buffer;
  readonly #view: DataView;

  /** @param memory Shared or not. */
  constructor(memory: ArrayBufferLike, offset: number, length: number) {
    this.bytes = Buffer.from(memory, offset, length);
    this.#view = new DataView(memory, offset, length);
  }

  /** Bytes that may be written from {@link at} on. */
  get room(): number {
    return this.bytes.length - this.at;
  }

  copy(fragment: Fragment): void {
    const view = this.#view;
    const { words } = fragment;
    const { byteLength } = words;
    // Compiled to moves of 64 bits: nothing is allocated.
    for (let from = 0, to = this.at; from < byteLength; from += WORD, to += WORD)
      view.setBigUint64(to, words.getBigUint64(from, true), true);
    this.at += fragment.length;
  }

  /** `text` between quotes that are written already. */
  text(text: string): void {
    const { bytes, at } = this;
    const { length } = text;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || PLAIN[code] === 0) return this.#escape(text);
      bytes[at + i] = code;
    }
    this.at = at + length;
  }

  #escape(text: string): void {
    this.at += this.bytes.write(escaped(text), this.at);
  }

  /** As `JSON.stringify` writes it. */
  number(value: number): void {
    if (!(value >= 0 && value <= INT_MAX && Number.isInteger(value)))
      this.text(Number.isFinite(value) ? String(value) : 'null');
    else this.#integer(value);
  }

  /** As {@link number} writes `hundredths / 100`. */
  decimal(hundredths: number): void {
    if (!(hundredths >= 0 && hundredths <= INT_MAX)) return this.number(hundredths / 100);
    const whole = (hundredths / 100) | 0;
    const rest = hundredths - whole * 100;
    this.#integer(whole);
    if (rest === 0) return;
    const tenths = (rest / 10) | 0;
    this.#byte(0x2e);
    this.#byte(0x30 + tenths);
    if (rest !== tenths * 10) this.#byte(0x30 + rest - tenths * 10);
  }

  #integer(value: number): void {
    const { bytes } = this;
    let end = this.at + 1;
    for (let power = 10; power <= value; power *= 10) end++;
    this.at = end;
    let left = value | 0;
    do {
      const tens = (left / 10) | 0;
      bytes[--end] = 0x30 + left - tens * 10;
      left = tens;
    } while (left > 0);
  }

  #byte(byte: number): void {
    this.bytes[this.at++] = byte;
  }
}

/** Bytes that suffice for texts of so many UTF-16 code units in all, whatever they hold, and for the last copy. */
export function roomFor(units: number): number {
  return units * ESCAPED + WORD;
}
