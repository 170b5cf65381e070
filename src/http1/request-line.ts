/** The request line (RFC 9112 §3), scanned octet by octet like the fields behind it. */
import { CR, LF, latin1, NINE, SP, TARGET, TOKEN, ZERO } from '../fields/chars.ts';
import type { RuleCode } from './rules.ts';
import { targetFault } from './target.ts';

/**
 * Methods that are known: those of Node's parser, which this reader is never more lenient than. Longer or other ones
 * are refused with 501, as RFC 9110 §9.1 asks for unrecognised methods.
 */
export const METHODS: ReadonlySet<string> = new Set(
  (
    'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY ' +
    'OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK ' +
    'UNLOCK UNSUBSCRIBE'
  ).split(' '),
);
const METHOD_MAX = 11;

const EMPTY_LINE = 0;
const EMPTY_LINE_FEED = 1;
const METHOD = 2;
const IN_TARGET = 3;
const VERSION = 4;
const LINE_FEED = 5;

/** `HTTP/1.1` as octets; the two digits are compared apart. */
const VERSION_NAME = Buffer.from('HTTP/0.0');
const USUAL_VERSION = Buffer.from('HTTP/1.1\r\n');
const MAJOR = 5;
const MINOR = 7;

export class RequestLine {
  method = '';
  target = '';
  /** The version is 1.0. */
  old = false;
  done = false;
  code: RuleCode | '' = '';

  #phase = EMPTY_LINE;
  #emptyLines = 0;
  #from = 0;
  #major = 0;
  #minor = 0;

  reset(): void {
    this.target = '';
    this.done = false;
    this.code = '';
    this.#phase = EMPTY_LINE;
    this.#emptyLines = 0;
  }

  /** Nothing was seen but an empty line. */
  get untouched(): boolean {
    return this.#phase === EMPTY_LINE;
  }

  unread(end: number): number {
    return this.#phase >= METHOD && this.#phase <= VERSION ? this.#from : end;
  }

  moved(by: number): void {
    this.#from -= by;
  }

  /** As `FieldSection.scan`; `max` is how long a target may be. */
  scan(bytes: Buffer, at: number, end: number, max: number): number {
    let i = at;
    while (i < end && !this.done && this.code === '') {
      switch (this.#phase) {
        case EMPTY_LINE:
        case EMPTY_LINE_FEED:
          i = this.#emptyLine(bytes, i);
          break;
        case METHOD:
          i = this.#method(bytes, i, end);
          break;
        case IN_TARGET:
          i = this.#target(bytes, i, end, max);
          break;
        case VERSION:
          i = this.#version(bytes, i, end);
          break;
        default:
          if (bytes[i] !== LF) this.code = 'bare-cr';
          else {
            this.done = true;
            i++;
          }
      }
    }
    return i;
  }

  /** One empty line before a request is skipped (RFC 9112 §2.2): old clients send one behind a body. */
  #emptyLine(bytes: Buffer, at: number): number {
    const octet = bytes[at];
    if (this.#phase === EMPTY_LINE_FEED) {
      if (octet !== LF) this.code = 'bare-cr';
      this.#phase = EMPTY_LINE;
      return at + 1;
    }
    if (octet === CR) {
      if (++this.#emptyLines > 1) this.code = 'extra-empty-line';
      this.#phase = EMPTY_LINE_FEED;
      return at + 1;
    }
    if (octet === LF) this.code = 'bare-lf';
    this.#from = at;
    this.#phase = METHOD;
    return at;
  }

  #method(bytes: Buffer, at: number, end: number): number {
    let i = at;
    while (i < end && TOKEN[bytes[i]!] === 1) i++;
    if (i - this.#from > METHOD_MAX) return this.#refuse('unknown-method', this.#from + METHOD_MAX + 1);
    if (i === end) return i;
    if (bytes[i] !== SP || i === this.#from) return this.#refuse('bad-method', i);
    this.method = usualMethod(bytes, this.#from, i);
    if (this.method === '') {
      this.method = latin1(bytes, this.#from, i);
      if (!METHODS.has(this.method)) return this.#refuse('unknown-method', i);
    }
    this.#from = i + 1;
    this.#phase = IN_TARGET;
    return i + 1;
  }

  #target(bytes: Buffer, at: number, end: number, max: number): number {
    const stop = Math.min(end, this.#from + max + 1);
    let i = at;
    while (i < stop && TARGET[bytes[i]!] === 1) i++;
    if (i - this.#from > max) return this.#refuse('target-too-long', i);
    if (i === end) return i;
    if (bytes[i] !== SP || i === this.#from) return this.#refuse(bytes[i] === LF ? 'bare-lf' : 'bad-target', i);
    this.target = latin1(bytes, this.#from, i);
    this.code = targetFault(this.method, this.target);
    this.#from = i + 1;
    this.#phase = VERSION;
    return i + 1;
  }

  /** The name is compared octet by octet; a version that is well written but unknown is told apart at its end. */
  #version(bytes: Buffer, at: number, end: number): number {
    let i = at;
    if (i === this.#from && end - i >= USUAL_VERSION.length && isUsualVersion(bytes, i)) {
      this.old = false;
      this.done = true;
      return i + USUAL_VERSION.length;
    }
    for (; i < end; i++) {
      const place = i - this.#from;
      const octet = bytes[i]!;
      if (place === VERSION_NAME.length) return this.#versionEnd(octet, i);
      if (place === MAJOR || place === MINOR) {
        if (octet < ZERO || octet > NINE) return this.#refuse('bad-version', i);
        if (place === MAJOR) this.#major = octet - ZERO;
        else this.#minor = octet - ZERO;
      } else if (octet !== VERSION_NAME[place]) return this.#refuse('bad-version', i);
    }
    return i;
  }

  #versionEnd(octet: number, at: number): number {
    if (octet !== CR) return this.#refuse(octet === LF ? 'bare-lf' : 'bad-version', at);
    if (this.#major !== 1 || this.#minor > 1) return this.#refuse('unknown-version', at);
    this.old = this.#minor === 0;
    this.#phase = LINE_FEED;
    return at + 1;
  }

  #refuse(code: RuleCode, at: number): number {
    this.code = code;
    return at;
  }
}

/** GET and POST are told by their octets, which is cheaper than making a string and looking it up; else ''. */
function usualMethod(bytes: Buffer, from: number, to: number): string {
  const first = bytes[from];
  if (to - from === 3 && first === 0x47 && bytes[from + 1] === 0x45 && bytes[from + 2] === 0x54) return 'GET';
  if (to - from !== 4 || first !== 0x50) return '';
  return bytes[from + 1] === 0x4f && bytes[from + 2] === 0x53 && bytes[from + 3] === 0x54 ? 'POST' : '';
}

function isUsualVersion(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < USUAL_VERSION.length; i++) if (bytes[at + i] !== USUAL_VERSION[i]) return false;
  return true;
}
