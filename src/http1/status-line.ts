/** The status line (RFC 9112 §4), scanned octet by octet like the fields behind it. */
import { CR, LF, NINE, SP, VALUE, ZERO } from '../fields/chars.ts';
import type { RuleCode } from './rules.ts';

/** `HTTP/1.1 200 `: what stands at each place; a zero is any digit. */
const SHAPE = Buffer.from('HTTP/0.0 000 ');
const MAJOR = 5;
const MINOR = 7;
const STATUS = 9;

export class StatusLine {
  status = 0;
  /** The version is 1.0. */
  old = false;
  done = false;
  code: RuleCode | '' = '';

  #place = 0;
  #version = 0;
  #ending = false;

  reset(): void {
    this.status = 0;
    this.done = false;
    this.code = '';
    this.#place = 0;
    this.#version = 0;
    this.#ending = false;
  }

  /** As `FieldSection.scan`. Nothing of a status line is needed again: the reason is read and forgotten. */
  scan(bytes: Buffer, at: number, end: number): number {
    let i = at;
    while (i < end && this.#place < SHAPE.length) {
      this.#shape(bytes[i]!);
      if (this.code !== '') return i;
      i++;
    }
    if (!this.#ending) {
      while (i < end && VALUE[bytes[i]!] === 1) i++;
      if (i === end) return i;
      if (bytes[i] !== CR) return this.#refuse(bytes[i] === LF ? 'bare-lf' : 'bad-status-line', i);
      this.#ending = true;
      i++;
    }
    if (i === end) return i;
    if (bytes[i] !== LF) return this.#refuse('bare-cr', i);
    this.done = true;
    return i + 1;
  }

  #shape(octet: number): void {
    const place = this.#place++;
    const wanted = SHAPE[place];
    if (wanted !== ZERO) {
      if (octet !== wanted) this.code = 'bad-status-line';
      else if (octet === SP) this.#numberEnds();
      return;
    }
    const digit = octet - ZERO;
    if (octet < ZERO || octet > NINE) this.code = 'bad-status-line';
    else if (place >= STATUS) this.status = this.status * 10 + digit;
    else if (place === MAJOR || place === MINOR) this.#version = this.#version * 10 + digit;
  }

  #numberEnds(): void {
    if (this.#place <= STATUS) {
      if (this.#version !== 10 && this.#version !== 11) this.code = 'unknown-version';
      this.old = this.#version === 10;
    } else if (this.status < 100 || this.status > 599) this.code = 'bad-status-line';
  }

  #refuse(code: RuleCode, at: number): number {
    this.code = code;
    return at;
  }
}
