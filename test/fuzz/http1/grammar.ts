/**
 * Messages for the fuzz: mostly right, wrong in a few places. Each part has right spellings and wrong ones; `noise` says
 * how often a wrong one is taken, so that a message with one fault in it is as usual as a good one.
 */
import type { Random } from '../../../src/testing/random.ts';

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'M-SEARCH', 'QUERY'];
const ODD_METHODS = [
  'get',
  'FOO',
  'PRI',
  '',
  ' GET',
  'G\x00T',
  'GE(T',
  'GET\t',
  'POSTPOSTPOST',
  'SOURCE',
  'CONNECT',
  'BIND',
];
const TARGETS = [
  '/',
  '/v1/messages?beta=true',
  '//a',
  '/a;b=c/%2e%2e/d',
  '/?',
  '/"<>\\^`{|}[]~!$&\'()*+,;=:@',
  'http://a.example/b?c',
  'HTTP://A:80',
  'https://[::1]:8443/',
  'http://a?b',
];
const ODD_TARGETS = [
  '*',
  '',
  ' ',
  '/a#b',
  '/a b',
  '/\xe9',
  '/\x00',
  '/\t',
  '/\x7f',
  'a',
  'a:80',
  '[::1]:443',
  '?a',
  'http://',
  'http:/a',
  'http:a',
  'http://u:p@a/',
  'http://a:b/',
  'http://a:99999/',
  'http://[::1',
  'http://a\\b',
  'ftp://a/',
  '/%zz',
  `/${'a'.repeat(300)}`,
];
const ODD_VERSIONS = [
  'HTTP/1.0',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/1.',
  'HTTP/11',
  'HTTP/1.1 ',
  ' HTTP/1.1',
  'http/1.1',
  'ICE/1.0',
  '',
  'HTTP/1.01',
];
const ODD_ENDS = ['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\r\n ', '\r\n\t', '\x00\r\n', '\r\n\r\n', ''];
const NAMES = ['a', 'Accept', 'X-Y', 'content-type', 'Cookie', 'x_1', "!#$%&'*+-.^_`|~", 'Content-Lengt', 'Hosts'];
const ODD_NAMES = [
  '',
  ' a',
  'a ',
  'a\t',
  'a b',
  'a(',
  'a:b',
  '\xe4',
  '\x00',
  'a\r',
  'a\n',
  '"a"',
  'Transfer-Encoding\x0b',
];
const VALUES = ['', 'b', 'b c', 'b\tc', '  b  ', '\tb\t', '\xe4\xff\x80', 'a, b;c="d"', ':', 'x'.repeat(40)];
const ODD_VALUES = ['\x00', 'b\x00c', 'b\rc', 'b\nc', '\x7f', '\x1b[0m', 'b\r\n c', 'b\r\n\tc', 'b\r\n\r\nc', 'b\x0bc'];
const HOSTS = ['a', 'a.example:8080', '127.0.0.1:80', '[::1]:80', '[1:2::3.4.5.6]', 'a%41b', "a_b~!$&'()*+,;=1"];
const ODD_HOSTS = [
  '',
  'a b',
  'a/b',
  'u@a',
  'a:',
  'a:b',
  ':80',
  '[::1',
  'a,b:1:2',
  '[::1]a',
  'a:65536',
  '\xe4',
  'a\x00',
];
const CONNECTIONS = [
  'keep-alive',
  'close',
  'Upgrade',
  'keep-alive, Upgrade',
  'TE, close',
  ' , keep-alive,, ',
  'a, b,c',
  'cLoSe',
];
const ODD_CONNECTIONS = ['a b', 'close;', '"close"', 'close\x00', 'keep-alive close'];
const ODD_LENGTHS = [
  '+5',
  '-1',
  '5, 5',
  '0x5',
  '5 5',
  '',
  ' ',
  '99999999999999999999',
  '5\t',
  '\xb2',
  '1e1',
  '05',
  '5.0',
  '5;',
];
const ODD_ENCODINGS = [
  'gzip',
  'gzip, chunked',
  'chunked, chunked',
  'chunked, gzip',
  'identity',
  'xchunked',
  '',
  'chunked,',
  'chunked;a',
  '"chunked"',
];
const TRAILERS = ['X-T: 1', 'a: \xe4', 'b:', 'Content-Length: 5', 'Host: b', 'Transfer-Encoding: chunked', 'X-U:  v  '];
const EXTENSIONS = ['', '', '', '', ';a', ';a=b', ';a="b c"', ';a="\\"";b', ';a="\xe4\t"'];
const ODD_EXTENSIONS = [
  ' ',
  ';',
  '; a',
  ';a=',
  ';=b',
  ';a="b',
  ';a="b"c',
  ' ;a',
  '\t',
  ';a\x00',
  ';a="\x00"',
  ';a=b=c',
  ';a;',
  '\x00',
];
const ODD_SIZES = [
  '',
  '-1',
  '+1',
  '0x1',
  'g',
  '100000000',
  'ffffffffffffffff',
  '10000000000000001',
  ' 1',
  '1 ',
  '\x001',
  '.1',
];
const BODIES = [
  '',
  'hello',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  '0\r\n\r\n',
  '\r\n',
  '\x00\xff\x80',
  'b'.repeat(100),
  '5\r\nhello\r\n',
];

/** One part: a right spelling, or now and then a wrong one. */
function part(random: Random, noise: number, right: readonly string[], wrong: readonly string[]): string {
  return random.chance(noise) ? random.pick(wrong) : random.pick(right);
}

const end = (random: Random, noise: number): string => part(random, noise / 3, ['\r\n'], ODD_ENDS);

function field(
  random: Random,
  noise: number,
  name: string,
  right: readonly string[],
  wrong: readonly string[],
): string {
  const colon = part(
    random,
    noise / 4,
    [': ', ': ', ':', ':\t', ':   '],
    [' : ', '\t:', '', ' ', ':\r\n ', '::', '\x00:'],
  );
  const space = part(random, noise / 2, ['', '', '', ' ', '  '], ['\t', ' \t', '\t ', '\x0b', '\xa0']);
  return recased(random, name) + colon + part(random, noise, right, wrong) + space + end(random, noise);
}

/** Names and codings in another case now and then. */
function recased(random: Random, text: string): string {
  if (random.chance(0.7)) return text;
  return Array.from(text, (c) => (random.chance(0.5) ? c.toUpperCase() : c.toLowerCase())).join('');
}

/** What a message says of its body, and the body, which agree unless there is noise. */
function framed(random: Random, noise: number, mayHaveNone: boolean): { fields: string[]; body: string } {
  const kind = random.below(mayHaveNone ? 5 : 3);
  if (kind >= 3) return { fields: [], body: '' };
  if (kind === 2) {
    const coding = part(random, noise, ['chunked'], ODD_ENCODINGS);
    const fields = [field(random, noise / 2, 'Transfer-Encoding', [recased(random, coding)], ODD_ENCODINGS)];
    if (random.chance(noise / 2)) fields.push(`Content-Length: ${random.below(10)}\r\n`);
    if (random.chance(noise / 2)) fields.push(`Transfer-Encoding: ${random.pick(['chunked', 'gzip', 'identity'])}\r\n`);
    return { fields, body: chunked(random, noise) };
  }
  const body = random.pick(BODIES);
  const said = random.chance(noise) ? random.pick(ODD_LENGTHS) : String(body.length + (random.chance(noise) ? 1 : 0));
  const fields = [field(random, noise / 2, 'Content-Length', [said, said, said, `0${said}`], ODD_LENGTHS)];
  if (random.chance(noise / 2)) fields.push(`Content-Length: ${random.chance(0.5) ? said : random.below(9)}\r\n`);
  return { fields, body };
}

/** A chunked body with its trailers. */
export function chunked(random: Random, noise: number): string {
  let text = '';
  for (const data of random.some(BODIES, 3)) {
    if (data === '') continue;
    let size = data.length.toString(16);
    if (random.chance(0.2)) size = `00${size.toUpperCase()}`;
    text += part(random, noise / 2, [size], [...ODD_SIZES, (data.length + 1).toString(16)]);
    text +=
      part(random, noise / 2, EXTENSIONS, ODD_EXTENSIONS) + end(random, noise / 2) + data + end(random, noise / 2);
  }
  text += part(random, noise / 3, ['0', '0', '000'], ['', '00000000000', '-0', '0x0']);
  text += part(random, noise / 2, EXTENSIONS, ODD_EXTENSIONS) + end(random, noise / 2);
  for (const trailer of random.some(TRAILERS, 2)) text += trailer + end(random, noise / 2);
  if (random.chance(noise / 3)) text += field(random, 1, random.pick(ODD_NAMES), VALUES, ODD_VALUES);
  return text + end(random, noise / 2);
}

function anyField(random: Random, noise: number): string {
  return field(random, noise, part(random, noise, NAMES, ODD_NAMES), VALUES, ODD_VALUES);
}

function shuffle(random: Random, list: string[]): string {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list.join('');
}

function request(random: Random, noise: number): string {
  const method = part(random, noise / 2, METHODS, ODD_METHODS);
  const target =
    method === 'CONNECT'
      ? random.pick(['a:80', '[::1]:443', 'a', '/'])
      : method === 'OPTIONS' && random.chance(0.5)
        ? '*'
        : part(random, noise / 2, TARGETS, ODD_TARGETS);
  const version = part(
    random,
    noise,
    ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'],
    ODD_VERSIONS,
  );
  const { fields, body } = framed(random, noise, true);
  const all = [...fields, ...Array.from({ length: random.below(4) }, () => anyField(random, noise / 2))];
  if (!random.chance(noise / 2)) all.push(field(random, noise / 2, 'Host', HOSTS, ODD_HOSTS));
  if (random.chance(noise / 3)) all.push(field(random, noise, 'Host', HOSTS, ODD_HOSTS));
  if (random.chance(0.2)) all.push(field(random, noise, 'Connection', CONNECTIONS, ODD_CONNECTIONS));
  if (random.chance(0.05))
    all.push(field(random, noise, 'Expect', ['100-continue'], ['200-ok', '', '100-continue, a']));
  if (random.chance(0.05))
    all.push(`Upgrade: ${random.pick(['websocket', 'h2c', 'a, b', ''])}\r\nConnection: Upgrade\r\n`);
  const before = random.chance(0.05) ? '\r\n' : part(random, noise / 6, [''], ['\n', '\r', '\r\n\r\n', ' ', '\x00']);
  const space = (): string => part(random, noise / 6, [' '], ['  ', '\t', '']);
  const line = `${method}${space()}${target}${space()}${version}`;
  return before + line + end(random, noise) + shuffle(random, all) + end(random, noise) + body;
}

/** One to three requests behind one another. */
export function requests(random: Random): string {
  const noise = random.pick([0, 0.03, 0.1, 0.3]);
  return Array.from({ length: 1 + random.below(3) }, () => request(random, noise)).join('');
}

const STATUSES = [
  '200 OK',
  '200 OK',
  '200 OK',
  '201 ',
  '206 Partial \xe4',
  '404 Not Found',
  '204 No Content',
  '304 Not Modified',
  '500 a\tb',
  '599 ',
];
const ODD_STATUSES = [
  '200',
  '20 OK',
  '2000 OK',
  '099 a',
  '600 a',
  '999 a',
  '-20 a',
  ' 200 OK',
  '200\tOK',
  '200 \x00',
  '2x0 a',
  '101 Up',
  '0 a',
  '200OK',
];
const INFORMED = ['100 Continue', '103 Early Hints', '102 '];

function informedField(random: Random, noise: number): string {
  if (random.chance(0.1)) return 'Content-Length: 0\r\n';
  return random.chance(0.2)
    ? field(random, noise, 'Connection', CONNECTIONS, ODD_CONNECTIONS)
    : anyField(random, noise);
}

/** A reply, with 1xx before it now and then. */
export function reply(random: Random): string {
  const noise = random.pick([0, 0.03, 0.1, 0.3]);
  let text = '';
  while (random.chance(0.15))
    text += `HTTP/1.${random.chance(noise / 2) ? 0 : 1} ${random.pick(INFORMED)}${end(random, noise / 2)}${random.chance(0.5) ? informedField(random, noise) : ''}${end(random, noise / 2)}`;
  const { fields, body } = framed(random, noise, true);
  const all = [...fields, ...Array.from({ length: random.below(4) }, () => anyField(random, noise / 2))];
  if (random.chance(0.25)) all.push(field(random, noise, 'Connection', CONNECTIONS, ODD_CONNECTIONS));
  const version = part(random, noise / 2, ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'], ODD_VERSIONS);
  const line = `${version}${part(random, noise / 6, [' '], ['  ', '\t', ''])}${part(random, noise / 2, STATUSES, ODD_STATUSES)}`;
  text += line + end(random, noise / 2) + shuffle(random, all) + end(random, noise / 2);
  if (!random.chance(0.3)) text += body;
  if (random.chance(0.1)) text += random.pick(['until close', '\r\n', 'HTTP/1.1 200 OK\r\n\r\n']);
  return text;
}

const PIECES = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\x00',
  '\x7f',
  '\x80',
  ';',
  '0',
  '5',
  ',',
  '#',
  '\r\n\r\n',
  '\r\n ',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
];

/** A few octets put in, taken out, changed, doubled or moved. */
export function mutate(random: Random, text: string): string {
  let out = text;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(out.length + 1);
    const to = Math.min(out.length, at + 1 + random.below(random.chance(0.8) ? 2 : 30));
    switch (random.below(5)) {
      case 0:
        out = out.slice(0, at) + random.pick(PIECES) + out.slice(at);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(to);
        break;
      case 2:
        out = out.slice(0, at) + random.pick(PIECES) + out.slice(to);
        break;
      case 3:
        out = out.slice(0, to) + out.slice(at);
        break;
      default:
        out = out.slice(0, at) + String.fromCharCode(random.below(256)) + out.slice(at + 1);
    }
  }
  return out;
}
