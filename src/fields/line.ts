/** What a field line is made of, and lines that are made once. */
import { TOKEN, VALUE } from './chars.ts';
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

  /** As HTTP/1.1 writes it. */
  get text(): string {
    if (this.#text === '') this.#text = `${this.name}: ${this.value}\r\n`;
    return this.#text;
  }
}
