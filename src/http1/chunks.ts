/** The lines between the chunks of a body (RFC 9112 §7.1), octet by octet: nothing of them is kept. */
import { BACKSLASH, CR, EQUALS, HEX, LF, QUOTE, QUOTED, SEMICOLON, TOKEN, VALUE } from '../fields/chars.ts';
import type { RuleCode } from './rules.ts';

/** Four gigabytes: more than anybody sends in one chunk, and far from where numbers lose count. */
const SIZE_DIGITS = 8;

const SIZE = 0;
const NAME = 1;
const FIRST_OF_VALUE = 2;
const TOKEN_VALUE = 3;
const QUOTED_VALUE = 4;
const ESCAPED = 5;
const BEHIND_QUOTE = 6;
const LINE_FEED = 7;
const AFTER_DATA = 8;
const AFTER_DATA_LINE_FEED = 9;

export class ChunkLine {
  /** Octets of the chunk whose line is whole. */
  size = 0;
  done = false;
  code: RuleCode | '' = '';

  #phase = SIZE;
  #digits = 0;
  #octets = 0;
  /** The octet before belongs to an extension's name. */
  #named = false;

  /** Ready for the line before a chunk; behind the data of another one, CR LF has to come first. */
  reset(afterData: boolean): void {
    this.size = 0;
    this.done = false;
    this.code = '';
    this.#phase = afterData ? AFTER_DATA : SIZE;
    this.#digits = 0;
    this.#octets = 0;
  }

  /** Reads until the line is whole, refused, or the octets run out; `max` bounds its octets without CR LF. */
  scan(bytes: Buffer, at: number, end: number, max: number): number {
    let i = at;
    while (i < end && !this.done && this.code === '') {
      this.#octet(bytes[i]!, max);
      i++;
    }
    return i;
  }

  #octet(octet: number, max: number): void {
    if (this.#phase >= LINE_FEED) {
      this.#lineEnds(octet);
      return;
    }
    if (this.#phase === SIZE) this.#sizeOctet(octet);
    else this.#extensionOctet(octet);
    if (this.code === '' && octet !== CR && ++this.#octets > max) this.code = 'chunk-line-too-long';
  }

  #lineEnds(octet: number): void {
    if (this.#phase === AFTER_DATA) {
      if (octet === CR) this.#phase = AFTER_DATA_LINE_FEED;
      else this.code = 'bad-chunk-end';
    } else if (this.#phase === AFTER_DATA_LINE_FEED) {
      if (octet === LF) this.#phase = SIZE;
      else this.code = 'bad-chunk-end';
    } else if (octet === LF) this.done = true;
    else this.code = 'bare-cr';
  }

  #sizeOctet(octet: number): void {
    const digit = HEX[octet]!;
    if (digit < 16) {
      this.size = this.size * 16 + digit;
      if (++this.#digits > SIZE_DIGITS) this.code = 'chunk-too-large';
    } else if (this.#digits === 0) this.code = 'bad-chunk-size';
    else if (!this.#partEnds(octet)) this.code = octet === LF ? 'bare-lf' : 'bad-chunk-size';
  }

  /** CR ends the line, `;` begins an extension. */
  #partEnds(octet: number): boolean {
    if (octet === CR) this.#phase = LINE_FEED;
    else if (octet === SEMICOLON) {
      this.#phase = NAME;
      this.#named = false;
    } else return false;
    return true;
  }

  #extensionOctet(octet: number): void {
    if (!this.#extensionTakes(octet)) this.code = octet === LF ? 'bare-lf' : 'bad-chunk-extension';
  }

  #extensionTakes(octet: number): boolean {
    switch (this.#phase) {
      case NAME:
        return this.#nameTakes(octet);
      case FIRST_OF_VALUE:
        this.#phase = octet === QUOTE ? QUOTED_VALUE : TOKEN_VALUE;
        return octet === QUOTE || TOKEN[octet] === 1;
      case TOKEN_VALUE:
        return TOKEN[octet] === 1 || this.#partEnds(octet);
      case QUOTED_VALUE:
        if (octet === QUOTE) this.#phase = BEHIND_QUOTE;
        else if (octet === BACKSLASH) this.#phase = ESCAPED;
        else return QUOTED[octet] === 1;
        return true;
      case ESCAPED:
        this.#phase = QUOTED_VALUE;
        return VALUE[octet] === 1;
      default:
        return this.#partEnds(octet);
    }
  }

  #nameTakes(octet: number): boolean {
    if (TOKEN[octet] === 1) {
      this.#named = true;
      return true;
    }
    if (!this.#named) return false;
    if (octet !== EQUALS) return this.#partEnds(octet);
    this.#phase = FIRST_OF_VALUE;
    return true;
  }
}
