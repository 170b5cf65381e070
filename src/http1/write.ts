/**
 * Heads and chunk framing as latin1 strings, one octet to a character. Whatever a policy or template put into a line,
 * nothing leaves here that could break out of it: a CR, LF, NUL or a character above 0xff is a RangeError.
 */

import { TARGET, TOKEN } from '../fields/chars.ts';
import { FIELDS_MAX, type Fields } from '../fields/fields.ts';
import { checkField } from '../fields/line.ts';

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

/**
 * Head of an HTTP/1.1 request. `headers` has `Host` and no framing fields; `length` is the body's: -2 none and no field
 * for it, -1 chunked, else `Content-Length`. `Host` goes out first and the framing behind it, then the others in their
 * order: a reader that stops at some count of fields has these. Throws RangeError where the method or the target could
 * break out of its line, or there are more than {@link FIELDS_MAX} fields.
 */
export function requestHead(method: string, target: string, headers: Fields, length: number): string {
  checkStart(method, target);
  checkCount(headers, length === NO_FRAMING ? 0 : 1);
  return `${method} ${target} HTTP/1.1\r\n${headers.linesHostFirst(framing(length))}\r\n`;
}

/**
 * Head of a reply. `length` as in {@link requestHead}; `connection` '' and `date` '' leave those fields out. Framing,
 * connection and date go out first (RFC 9110 §5.3). The status line says HTTP/1.1 whatever the client speaks (RFC 9110
 * §2.5) unless `version10`. Throws RangeError where `status` is none, `date` could break out of its line, or there are
 * more than {@link FIELDS_MAX} fields.
 */
export function responseHead(
  status: number,
  headers: Fields,
  length: number,
  connection: 'keep-alive' | 'close' | '',
  date: string,
  version10 = false,
): string {
  if (!(status >= 100 && status <= 599 && Number.isInteger(status))) throw new RangeError('not a status');
  checkCount(headers, (length === NO_FRAMING ? 0 : 1) + (connection === '' ? 0 : 1) + (date === '' ? 0 : 1));
  let head = `HTTP/1.${version10 ? 0 : 1} ${status} ${REASONS[status] ?? ''}\r\n${framing(length)}`;
  if (connection !== '') head += connection === 'close' ? 'Connection: close\r\n' : 'Connection: keep-alive\r\n';
  if (date !== '') {
    checkField('Date', date);
    head += `Date: ${date}\r\n`;
  }
  return `${head}${headers.lines()}\r\n`;
}

function checkCount(headers: Fields, own: number): void {
  if (headers.size + own > FIELDS_MAX) throw new RangeError('there are too many fields');
}

function framing(length: number): string {
  if (length === NO_FRAMING) return '';
  if (length === CHUNKED) return 'Transfer-Encoding: chunked\r\n';
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError('not a length');
  return `Content-Length: ${length}\r\n`;
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
  return `0\r\n${trailers.lines()}\r\n`;
}
