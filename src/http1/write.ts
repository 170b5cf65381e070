/**
 * Heads and chunk framing as latin1 strings, one octet to a character. Whatever a policy or template put into a line,
 * nothing leaves here that could break out of it: a CR, LF, NUL or a character above 0xff is a RangeError.
 */
import { FIELDS_MAX, type HeaderList, hostFirst } from '../headers.ts';
import { COLON, CR, LF, latin1, SP, TARGET, TOKEN, VALUE, writeLatin1 } from './chars.ts';

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
 * order: a reader that stops at some count of fields has these. Throws RangeError where a part could break out of its
 * line, or there are more than {@link FIELDS_MAX} fields.
 *
 * `checked` leaves out the look at every character of `headers`, which is most of the cost: true only where each field
 * comes from a reader of this folder unchanged, or went through {@link checkField}.
 */
export function requestHead(
  method: string,
  target: string,
  headers: HeaderList,
  length: number,
  checked = false,
): string {
  checkStart(method, target);
  checkCount(headers, length === NO_FRAMING ? 0 : 1);
  const list = hostFirst(headers);
  const before = list.length > 0 && isHost(list[0]!) ? 2 : 0;
  const fields = checked ? linesAround(list, before, framing(length)) : checkedLines(list, before, framing(length));
  return `${method} ${target} HTTP/1.1\r\n${fields}\r\n`;
}

/**
 * Head of a reply. `length` and `checked` as in {@link requestHead}; `connection` '' and `date` '' leave those fields
 * out. Framing, connection and date go out first (RFC 9110 §5.3). The status line says HTTP/1.1 whatever the client
 * speaks (RFC 9110 §2.5) unless `version10`. Throws RangeError where a part could break out of its line, `status` is
 * none, or there are more than {@link FIELDS_MAX} fields.
 */
export function responseHead(
  status: number,
  headers: HeaderList,
  length: number,
  connection: 'keep-alive' | 'close' | '',
  date: string,
  version10 = false,
  checked = false,
): string {
  if (!(status >= 100 && status <= 599 && Number.isInteger(status))) throw new RangeError('not a status');
  checkCount(headers, (length === NO_FRAMING ? 0 : 1) + (connection === '' ? 0 : 1) + (date === '' ? 0 : 1));
  let head = `HTTP/1.${version10 ? 0 : 1} ${status} ${REASONS[status] ?? ''}\r\n${framing(length)}`;
  if (connection !== '') head += connection === 'close' ? 'Connection: close\r\n' : 'Connection: keep-alive\r\n';
  if (date !== '') {
    checkField('Date', date);
    head += `Date: ${date}\r\n`;
  }
  const fields = checked ? lines(headers, 0, headers.length) : checkedLines(headers, 0, '');
  return `${head}${fields}\r\n`;
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host';
}

function checkCount(headers: HeaderList, own: number): void {
  if (headers.length / 2 + own > FIELDS_MAX) throw new RangeError('there are too many fields');
}

function framing(length: number): string {
  if (length === NO_FRAMING) return '';
  if (length === CHUNKED) return 'Transfer-Encoding: chunked\r\n';
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError('not a length');
  return `Content-Length: ${length}\r\n`;
}

/** The lines of `headers` with `own`, whole lines, in front of those from the index `at` on. */
function linesAround(headers: HeaderList, at: number, own: string): string {
  return lines(headers, 0, at) + own + lines(headers, at, headers.length);
}

function lines(headers: HeaderList, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
}

/**
 * As {@link linesAround}, read back as octets: as many lines as there are fields, each a token, a colon, a space and a value. A value
 * that breaks out of its line makes more of them, and a character above 0xff is not itself any more. Looking at the
 * characters of each string costs several times as much in a running proxy: slices, concatenations and plain strings
 * are different shapes to V8, and every `charCodeAt` on all of them in turn is a megamorphic load.
 */
function checkedLines(headers: HeaderList, ownAt: number, own: string): string {
  const text = linesAround(headers, ownAt, own);
  const octets = Buffer.allocUnsafe(text.length);
  writeLatin1(octets, text, 0);
  let at = ownAt === 0 ? own.length : 0;
  for (let i = 0; i < headers.length && at >= 0; ) {
    at = lineEnd(octets, at, headers[i]!.length);
    i += 2;
    if (i === ownAt && at >= 0) at += own.length;
  }
  if (at !== text.length || latin1(octets, 0, at) !== text) refuse(headers);
  return text;
}

/** Where the line that begins at `from` with a name of that length ends, or -1 where that is no line. */
function lineEnd(octets: Buffer, from: number, name: number): number {
  let at = from;
  // Behind the last octet there is none, which is no part of a token or a value: both loops end there.
  while (TOKEN[octets[at]!] === 1) at++;
  if (at === from || at !== from + name || octets[at] !== COLON || octets[at + 1] !== SP) return -1;
  at += 2;
  while (VALUE[octets[at]!] === 1) at++;
  return octets[at] === CR && octets[at + 1] === LF ? at + 2 : -1;
}

/** Says which field it was. */
function refuse(headers: HeaderList): never {
  for (let i = 0; i < headers.length; i += 2) checkField(headers[i]!, headers[i + 1]!);
  throw new RangeError('the fields cannot be written');
}

/** Throws RangeError where `name` is no token, or `value` could break out of its line or is not latin1. */
export function checkField(name: string, value: string): void {
  let at = 0;
  while (at < name.length && TOKEN[name.charCodeAt(at)] === 1) at++;
  if (at < name.length || at === 0) throw new RangeError('a field name cannot be written');
  at = 0;
  while (at < value.length && VALUE[value.charCodeAt(at)] === 1) at++;
  if (at < value.length) throw new RangeError(`the value of ${name} cannot be written`);
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

/** Ends a chunked body. Throws RangeError where a trailer could break out of its line, or there are too many. */
export function lastChunk(trailers: HeaderList | null): string {
  if (trailers === null) return LAST_CHUNK;
  checkCount(trailers, 0);
  return `0\r\n${checkedLines(trailers, 0, '')}\r\n`;
}
