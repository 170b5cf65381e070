/**
 * The bare forwarder, the floor of every run: `net` sockets, one upstream, heads scanned and rewritten, bodies passed on.
 * It checks nothing, times nothing out and counts nothing: what a message costs in Node at least. It expects heads that
 * come in one piece and bodies with a length, as the bench sends them. Run as a program: `PORT TARGET-PORT`.
 */
import { connect, createServer, type Socket } from 'node:net';
import { latin1, writeLatin1 } from '../../../src/fields/chars.ts';

const [port, target] = process.argv.slice(2).map(Number);
const [CR, LF, COLON] = [0x0d, 0x0a, 0x3a];

/** Names of lines that do not go on, by length: most lines need no closer look. */
const DROPPED: readonly string[][] = Array.from({ length: 16 }, (_, length) =>
  ['te', 'host', 'upgrade', 'connection', 'keep-alive'].filter((name) => name.length === length),
);
const LENGTH = 'content-length';

/** What the last scan found: where the head ends, or -1, and how long its body is. */
const found = { end: 0, length: 0 };

/** The first line and all others that go on, as runs of text. */
function rewritten(bytes: Buffer): string {
  let [text, run, line, colon] = ['', 0, 0, -1];
  found.length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at];
    if (octet === COLON && colon < 0) colon = at;
    if (octet !== LF) continue;
    if (at - line === 1 && bytes[line] === CR) {
      found.end = at + 1;
      return text + latin1(bytes, run, line);
    }
    const length = line === 0 ? 0 : colon - line;
    if (length === LENGTH.length && isNamed(bytes, line, LENGTH)) found.length = numberAt(bytes, colon + 1);
    else if (DROPPED[length]?.some((name) => isNamed(bytes, line, name))) {
      text += latin1(bytes, run, line);
      run = at + 1;
    }
    line = at + 1;
    colon = -1;
  }
  found.end = -1;
  return '';
}

function isNamed(bytes: Buffer, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if ((bytes[at + i]! | 0x20) !== name.charCodeAt(i)) return false;
  return true;
}

function numberAt(bytes: Buffer, from: number): number {
  let number = 0;
  for (let at = from; bytes[at] !== CR; at++) if (bytes[at] !== 0x20) number = number * 10 + bytes[at]! - 0x30;
  return number;
}

function joined(head: string, bytes: Buffer, from: number): Buffer {
  const whole = Buffer.allocUnsafe(head.length + bytes.length - from);
  writeLatin1(whole, head, 0);
  bytes.copy(whole, head.length, from);
  return whole;
}

/** One message after the other from one socket to another. */
class Side {
  readonly socket: Socket;
  readonly added: string;
  other: Side | null = null;
  /** Bytes of the body still to come. */
  left = 0;

  constructor(socket: Socket, added: string) {
    this.socket = socket;
    this.added = added;
    socket.on('error', () => socket.destroy());
  }

  /** Passes `bytes` on. */
  read(bytes: Buffer, to: Socket): void {
    if (this.left > 0) {
      this.left -= bytes.length;
      to.write(Buffer.from(bytes)); // the place it stands in is read into again
      return;
    }
    const head = rewritten(bytes);
    if (found.end < 0) return void this.socket.destroy();
    this.left = found.length - (bytes.length - found.end);
    if (found.end === bytes.length) to.write(head + this.added, 'latin1');
    else to.write(joined(head + this.added, bytes, found.end));
  }
}

const idle: Side[] = [];
/** Where all replies are read into. */
const place = Buffer.allocUnsafeSlow(64 * 1024);

function openUpstream(): Side {
  const callback = (size: number): boolean => {
    side.read(place.subarray(0, size), side.other!.socket);
    if (side.left > 0) return true;
    side.other!.other = null;
    idle.push(side);
    return true;
  };
  const socket = connect({ port: target!, host: '127.0.0.1', noDelay: true, onread: { buffer: place, callback } });
  const side = new Side(socket, 'Via: 1.1 bare\r\n\r\n');
  socket.on('close', () => {
    const at = idle.indexOf(side);
    if (at < 0) side.other?.socket.destroy();
    else idle.splice(at, 1);
  });
  return side;
}

const server = createServer({ noDelay: true }, (socket) => {
  const side = new Side(socket, `Host: 127.0.0.1:${target}\r\nVia: 1.1 bare\r\n\r\n`);
  socket.on('data', (bytes) => {
    side.other ??= idle.pop() ?? openUpstream();
    side.other.other = side;
    side.read(bytes as Buffer, side.other.socket);
  });
  socket.on('close', () => side.other?.socket.destroy());
});
server.listen(port, '127.0.0.1');

// An orderly exit lets `--cpu-prof` write its file.
process.once('SIGTERM', () => process.exit(0));
