/** Fields on HTTP/2's wire (RFC 9113 §8.2): lower-case names, clean values, nothing that belongs to a connection. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { FIELDS_MAX, Fields, type Pairs } from '../fields/fields.ts';
import { CONNECTION_SPECIFIC, ID_MASK, TE } from '../fields/names.ts';

/**
 * Appends `fields` to `out` as they go on the wire, without what belongs to a connection (`host` and `content-length` are
 * the caller's own to write) and without those whose ids are in `own`. False where `out` has too many fields then.
 */
export function appendFields(out: string[], fields: Fields, own: readonly number[]): boolean {
  for (let i = 0; i < fields.size; i++) {
    const kind = fields.kind(i);
    const id = kind & ID_MASK;
    if ((kind & CONNECTION_SPECIFIC) !== 0 || (id !== 0 && own.includes(id))) continue;
    const value = fields.value(i);
    if (id === TE && value.toLowerCase() !== 'trailers') continue;
    out.push(fields.name(i).toLowerCase(), trimmed(value));
  }
  return out.length <= FIELDS_MAX * 2;
}

/** Node takes interim heads and trailers as objects only: names keep their order, the values of one name stand together. */
export function fieldsObject(fields: Pairs, status = 0): OutgoingHttpHeaders {
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

/** What stands behind the pseudo fields, which are first (RFC 9113 §8.3); null where it could not be written as HTTP/1.1. */
export function withoutPseudo(list: Pairs): Fields | null {
  let at = 0;
  while (at < list.length && list[at]!.charCodeAt(0) === 0x3a) at += 2;
  return Fields.tryFrom(at === 0 ? list : list.slice(at));
}
