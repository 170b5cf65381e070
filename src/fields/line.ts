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

/** A line that is made once and put into many messages. */
export class Line {
  readonly name: string;
  readonly value: string;
  /** As HTTP/1.1 writes it. */
  readonly text: string;
  readonly kind: number;

  /** Throws RangeError, as {@link checkField}. */
  constructor(name: string, value: string) {
    checkField(name, value);
    this.name = name;
    this.value = value;
    this.text = `${name}: ${value}\r\n`;
    this.kind = kindOf(name);
  }
}
