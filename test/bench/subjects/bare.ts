/**
 * The bare forwarder: `net` sockets, one upstream, heads scanned and rewritten, bodies passed on. It checks nothing, times
 * nothing out and counts nothing: what a message costs in Node at least. Run as a program: `PORT TARGET-PORT`.
 */
import { connect, createServer, type Socket } from 'node:net';

const [port, target] = process.argv.slice(2).map(Number);

/** Hop by hop, or written anew. */
const DROPPED = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'host']);
const idle: Upstream[] = [];

/** One side of a connection: reads messages with a head and a body of known length. */
abstract class Side {
  readonly socket: Socket;
  /** What came of a head that is not whole. */
  #kept = '';
  /** Bytes of the body still to come. */
  #left = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#read(chunk as Buffer));
    socket.on('close', () => this.closed());
  }

  abstract closed(): void;
  abstract head(lines: string, body: Buffer): void;
  abstract body(chunk: Buffer): void;
  abstract end(): void;

  #read(chunk: Buffer): void {
    if (this.#left > 0) {
      this.#left -= chunk.length;
      this.body(chunk);
      if (this.#left <= 0) this.end();
      return;
    }
    const end = chunk.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#kept += chunk.toString('latin1');
      return;
    }
    const body = chunk.subarray(end + 4);
    const lines = this.#kept + chunk.toString('latin1', 0, end + 2);
    this.#kept = '';
    this.#left = lengthOf(lines) - body.length;
    this.head(lines, body);
    if (this.#left <= 0) this.end();
  }

  send(head: string, body: Buffer): void {
    if (body.length === 0) this.socket.write(`${head}\r\n`, 'latin1');
    else {
      const bytes = Buffer.allocUnsafe(head.length + 2 + body.length);
      bytes.write(`${head}\r\n`, 0, 'latin1');
      body.copy(bytes, head.length + 2);
      this.socket.write(bytes);
    }
  }
}

function lengthOf(lines: string): number {
  const at = /\r\ncontent-length: *(\d+)/i.exec(lines);
  return at === null ? 0 : Number(at[1]);
}

/** The first line and all others but those to drop. */
function rewritten(lines: string): string {
  let at = lines.indexOf('\r\n') + 2;
  let text = lines.slice(0, at);
  while (at < lines.length) {
    const end = lines.indexOf('\r\n', at) + 2;
    const name = lines.slice(at, lines.indexOf(':', at)).toLowerCase();
    if (!DROPPED.has(name)) text += lines.slice(at, end);
    at = end;
  }
  return text;
}

class Client extends Side {
  upstream: Upstream | null = null;

  override head(lines: string, body: Buffer): void {
    this.upstream = idle.pop() ?? new Upstream();
    this.upstream.client = this;
    this.upstream.send(`${rewritten(lines)}Host: 127.0.0.1:${target}\r\nVia: 1.1 bare\r\n`, body);
  }
  override body(chunk: Buffer): void {
    this.upstream?.socket.write(chunk);
  }
  override end(): void {}
  override closed(): void {
    this.upstream?.socket.destroy();
  }
}

class Upstream extends Side {
  client: Client | null = null;

  constructor() {
    super(connect({ port: target!, host: '127.0.0.1', noDelay: true }));
  }

  override head(lines: string, body: Buffer): void {
    this.client?.send(`${rewritten(lines)}Via: 1.1 bare\r\n`, body);
  }
  override body(chunk: Buffer): void {
    this.client?.socket.write(chunk);
  }
  override end(): void {
    if (this.client !== null) this.client.upstream = null;
    this.client = null;
    idle.push(this);
  }
  override closed(): void {
    this.client?.socket.destroy();
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
  }
}

createServer({ noDelay: true }, (socket) => void new Client(socket)).listen(port, '127.0.0.1');

// An orderly exit lets `--cpu-prof` write its file.
process.once('SIGTERM', () => process.exit(0));
