/** What a field line is made of, and lines that are made once. */
import { COLON, SP, TOKEN, VALUE } from './chars.ts';
import { kindOf } from './names.ts';

/** Throws RangeError where `name` is no token, or `value` could break out of its line or is not Latin-1 (RFC 9110 §5.5). */
export function checkField(name: string, value: string): void {
  if (!isFieldName(name)) throw new RangeError('a field name cannot be written');
  if (!isFieldValue(value)) throw new RangeError(`the value of ${name} cannot be written`);
}

/** True where `name` is an RFC 9110 §5.6.2 token, so usable as a field name. */
export function isFieldName(name: string): boolean {
  let at = 0;
  while (at < name.length && TOKEN[name.charCodeAt(at)] === 1) at++;
  return at === name.length && at > 0;
}

/** True where `value` can stand in a header field: no CR, LF, NUL or other control but tab (RFC 9110 §5.5). */
export function isFieldValue(value: string): boolean {
  let at = 0;
  while (at < value.length && VALUE[value.charCodeAt(at)] === 1) at++;
  return at === value.length;
}

/** Where heads are written: characters as octets, and there must be room. */
export interface OctetSink {
  text(text: string): void;
  octet(code: number): void;
  /** CRLF. */
  lineEnd(): void;
}

/** `: ` and CRLF. */
const LINE_FRAME = 4;

/** A line that is not part of a text that was read: one that is made here, or that was written otherwise than `name: value`. */
export class Line {
  readonly name: string;
  readonly value: string;
  readonly kind: number;
  #text = '';

  private constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.kind = kindOf(name);
  }

  /** Throws RangeError, as {@link checkField}. */
  static of(name: string, value: string): Line {
    checkField(name, value);
    return new Line(name, value);
  }

  /** Null where there can be no such line. */
  static tryOf(name: string, value: string): Line | null {
    return isFieldName(name) && isFieldValue(value) ? new Line(name, value) : null;
  }

  /** One that is written many times. Throws RangeError, as {@link checkField}. */
  static kept(name: string, value: string): Line {
    const line = Line.of(name, value);
    line.#text = `${name}: ${value}\r\n`;
    return line;
  }

  /** Octets as HTTP/1.1 writes it. */
  get octets(): number {
    return this.name.length + this.value.length + LINE_FRAME;
  }

  /** Writes it as HTTP/1.1 does. */
  writeTo(sink: OctetSink): void {
    if (this.#text !== '') return sink.text(this.#text);
    sink.text(this.name);
    sink.octet(COLON);
    sink.octet(SP);
    if (this.value !== '') sink.text(this.value);
    sink.lineEnd();
  }
}
