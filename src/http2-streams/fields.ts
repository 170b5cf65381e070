/** Fields on HTTP/2's wire (RFC 9113 §8.2): lower-case names, clean values, nothing that belongs to a connection. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { FIELDS_MAX, type HeaderList, isFieldName, isFieldValue } from '../headers.ts';

/** RFC 9113 §8.2.2. `host` and `content-length` are the caller's own to write. */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Appends `fields` to `out` as they go on the wire, without what belongs to a connection and without the names in
 * `own` (lower case). False where one cannot be sent at all (HTTP/2 would carry a line break in a value without a word,
 * and whoever makes HTTP/1.1 of it again would be fooled), and where `out` has too many fields then.
 */
export function appendFields(out: HeaderList, fields: HeaderList, own: ReadonlySet<string>): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const value = fields[i + 1]!;
    if (!isFieldName(name) || !isFieldValue(value)) return false;
    if (own.has(name) || CONNECTION_SPECIFIC.has(name)) continue;
    if (name === 'te' && value.toLowerCase() !== 'trailers') continue;
    out.push(name, trimmed(value));
  }
  return out.length <= FIELDS_MAX * 2;
}

/** Node takes interim heads and trailers as objects only: names keep their order, the values of one name stand together. */
export function fieldsObject(fields: HeaderList, status = 0): OutgoingHttpHeaders {
  const object: Record<string, string[] | number> = Object.create(null);
  if (status > 0) object[':status'] = status;
  for (let i = 0; i < fields.length; i += 2) {
    const values = object[fields[i]!] as string[] | undefined;
    if (values === undefined) object[fields[i]!] = [fields[i + 1]!];
    else values.push(fields[i + 1]!);
  }
  return object;
}

/** White space around a value is no part of it (RFC 9110 §5.5), and HTTP/2 forbids it (RFC 9113 §8.2.1). */
function trimmed(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && isBlank(value.charCodeAt(from))) from++;
  while (to > from && isBlank(value.charCodeAt(to - 1))) to--;
  return to - from === value.length ? value : value.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** `list` behind its pseudo fields, which stand first (RFC 9113 §8.3). */
export function withoutPseudo(list: HeaderList): HeaderList {
  let at = 0;
  while (at < list.length && list[at]!.charCodeAt(0) === 0x3a) at += 2;
  return list.slice(at);
}
