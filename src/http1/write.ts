/**
 * Heads and chunk framing, one octet to a character. Whatever a policy or template put into a line, nothing leaves here
 * that could break out of it: a CR, LF, NUL or a character above 0xff is a RangeError.
 */

import { SP, TARGET, TOKEN } from '../fields/chars.ts';
import { FIELDS_MAX, type Fields } from '../fields/fields.ts';
import { checkField, type OctetSink } from '../fields/line.ts';
import { HOST } from '../fields/names.ts';

/** No body, and no field that speaks of one. */
const NO_FRAMING = -2;
const CHUNKED = -1;

const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
  529: 'Overloaded',
};

const STATUS_LINES: readonly (string | undefined)[] = Array.from({ length: 600 }, (_, status) =>
  REASONS[status] === undefined ? undefined : `HTTP/1.1 ${status} ${REASONS[status]}\r\n`,
);

/** Octets of a head beside its start line's own words and its fields: framing, connection, date, and what is around them. */
const HEAD_FRAME = 192;

/**
 * Can such a request be written? Throws RangeError where the method or the target could break out of its line, `length` is
 * none, or there are more than {@link FIELDS_MAX} fields.
 */
export function checkRequestHead(method: string, target: string, headers: Fields, length: number): void {
  checkStart(method, target);
  checkLength(length);
  checkCount(headers, length === NO_FRAMING ? 0 : 1);
}

/** As many octets as a head takes, or more. */
export function requestHeadOctets(method: string, target: string, headers: Fields): number {
  return method.length + target.length + headers.octets + HEAD_FRAME;
}

/**
 * Writes the head of an HTTP/1.1 request that {@link checkRequestHead} has passed. `headers` has `Host` and no framing
 * fields; `length` is the body's: -2 none and no field for it, -1 chunked, else `Content-Length`. `Host` goes out first
 * (RFC 9110 §7.2) and the framing behind it, then the others in their order: a reader that stops at some count of fields
 * has these.
 */
export function writeRequestHead(
  sink: OctetSink,
  method: string,
  target: string,
  headers: Fields,
  length: number,
): void {
  sink.text(method);
  sink.octet(SP);
  sink.text(target);
  sink.text(' HTTP/1.1\r\n');
  const host = headers.find(HOST);
  if (host >= 0) headers.writeTo(sink, host, host + 1);
  writeFraming(sink, length);
  if (host > 0) headers.writeTo(sink, 0, host);
  headers.writeTo(sink, host + 1);
  sink.lineEnd();
}

/** The same as text. Throws as {@link checkRequestHead}. */
export function requestHead(method: string, target: string, headers: Fields, length: number): string {
  checkRequestHead(method, target, headers, length);
  const text = new TextSink();
  writeRequestHead(text, method, target, headers, length);
  return text.all;
}

/** What a reply's `Connection` says; '' for no such field. */
export type ConnectionOption = 'keep-alive' | 'close' | '';

/**
 * Can such a reply be written? Throws RangeError where `status` or `length` is none, `date` could break out of its line, or
 * there are more than {@link FIELDS_MAX} fields.
 */
export function checkResponseHead(
  status: number,
  headers: Fields,
  length: number,
  connection: ConnectionOption,
  date: string,
): void {
  if (!(status >= 100 && status <= 599 && Number.isInteger(status))) throw new RangeError('not a status');
  checkLength(length);
  checkCount(headers, (length === NO_FRAMING ? 0 : 1) + (connection === '' ? 0 : 1) + (date === '' ? 0 : 1));
  if (date !== '') checkField('Date', date);
}

/** As many octets as a head takes, or more. */
export function responseHeadOctets(headers: Fields, date: string): number {
  return headers.octets + date.length + HEAD_FRAME;
}

/**
 * Writes the head of a reply that {@link checkResponseHead} has passed. `length` as in {@link writeRequestHead};
 * `connection` '' and `date` '' leave those fields out. Framing, connection and date go out first (RFC 9110 §5.3). The
 * status line says HTTP/1.1 whatever the client speaks (RFC 9110 §2.5).
 */
export function writeResponseHead(
  sink: OctetSink,
  status: number,
  headers: Fields,
  length: number,
  connection: ConnectionOption,
  date: string,
): void {
  sink.text(STATUS_LINES[status] ?? `HTTP/1.1 ${status} \r\n`);
  writeFraming(sink, length);
  if (connection !== '') sink.text(connection === 'close' ? 'Connection: close\r\n' : 'Connection: keep-alive\r\n');
  if (date !== '') {
    sink.text('Date: ');
    sink.text(date);
    sink.lineEnd();
  }
  headers.writeTo(sink);
  sink.lineEnd();
}

/** The same as text. Throws as {@link checkResponseHead}. */
export function responseHead(
  status: number,
  headers: Fields,
  length: number,
  connection: ConnectionOption,
  date: string,
): string {
  checkResponseHead(status, headers, length, connection, date);
  const text = new TextSink();
  writeResponseHead(text, status, headers, length, connection, date);
  return text.all;
}

/** For heads that leave otherwise than with what else a turn brings. */
class TextSink implements OctetSink {
  all = '';
  text(text: string): void {
    this.all += text;
  }
  octet(code: number): void {
    this.all += String.fromCharCode(code);
  }
  lineEnd(): void {
    this.all += '\r\n';
  }
}

function checkCount(headers: Fields, own: number): void {
  if (headers.size + own > FIELDS_MAX) throw new RangeError('there are too many fields');
}

function checkLength(length: number): void {
  if (length === NO_FRAMING || length === CHUNKED) return;
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError('not a length');
}

function writeFraming(sink: OctetSink, length: number): void {
  if (length === NO_FRAMING) return;
  if (length === CHUNKED) return sink.text('Transfer-Encoding: chunked\r\n');
  sink.text('Content-Length: ');
  sink.text(String(length));
  sink.lineEnd();
}

function checkStart(method: string, target: string): void {
  let at = 0;
  while (at < method.length && TOKEN[method.charCodeAt(at)] === 1) at++;
  if (at < method.length || at === 0) throw new RangeError('the method cannot be written');
  at = 0;
  while (at < target.length && TARGET[target.charCodeAt(at)] === 1) at++;
  if (at < target.length || at === 0) throw new RangeError('the target cannot be written');
}

/** The line before a chunk of so many octets, which must be above 0: a chunk of none ends the body. */
export function chunkPrefix(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new RangeError('a chunk is not empty');
  return `${bytes.toString(16)}\r\n`;
}

/** Ends a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

/** Ends a chunked body. Throws RangeError where there are more than {@link FIELDS_MAX} trailers. */
export function lastChunk(trailers: Fields | null): string {
  if (trailers === null) return LAST_CHUNK;
  checkCount(trailers, 0);
  const text = new TextSink();
  text.text('0\r\n');
  trailers.writeTo(text);
  text.lineEnd();
  return text.all;
}
