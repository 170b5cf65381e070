/**
 * The upstream of every subject: one process, one port a region, raw sockets, fixed 1 KB JSON answers, as little CPU as
 * possible. Started by the bench; prints its ports as one line of JSON and ends with its parent.
 *
 * `x-bench-fail: 1` is answered with 503; `x-bench-echo: 1` with what came in, as JSON.
 */
import { createServer, type Socket } from 'node:net';
import { REGIONS } from './rules.ts';

const BODY_BYTES = 1024;
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const ECHO = /\r\nx-bench-echo: 1/i;
const FAIL = /\r\nx-bench-fail: 1/i;

function answer(region: string, status: string, body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nserver: bench\r\nx-powered-by: bench\r\n` +
      `x-region: ${region}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    'latin1',
  );
}

/** One connection's place in the request it is reading. */
class Connection {
  private text = '';
  private readonly ok: Buffer;
  private readonly region: string;
  private readonly socket: Socket;

  constructor(socket: Socket, region: string, ok: Buffer) {
    this.socket = socket;
    this.region = region;
    this.ok = ok;
  }

  read(chunk: Buffer): void {
    this.text += chunk.toString('latin1');
    for (let end = this.requestEnd(); end > 0; end = this.requestEnd()) {
      this.answer(this.text.slice(0, end));
      this.text = this.text.slice(end);
    }
  }

  /** Where the request at hand ends, or 0 while it is not whole. */
  private requestEnd(): number {
    const headEnd = this.text.indexOf(HEAD_END) + HEAD_END.length;
    if (headEnd < HEAD_END.length) return 0;
    const head = this.text.slice(0, headEnd);
    const length = CONTENT_LENGTH.exec(head);
    if (length) return this.text.length >= headEnd + Number(length[1]) ? headEnd + Number(length[1]) : 0;
    if (!CHUNKED.test(head)) return headEnd;
    const last = this.text.indexOf('0\r\n\r\n', headEnd);
    return last < 0 ? 0 : last + 5;
  }

  private answer(request: string): void {
    if (ECHO.test(request)) this.socket.write(answer(this.region, '200 OK', JSON.stringify(describe(request))));
    else if (FAIL.test(request)) this.socket.write(answer(this.region, '503 Service Unavailable', '{}'));
    else this.socket.write(this.ok);
  }
}

/** What came in, for the bench to compare. */
export interface Echo {
  readonly method: string;
  readonly target: string;
  /** Lower-case names; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function describe(request: string): Echo {
  const split = request.indexOf(HEAD_END);
  const [first, ...lines] = request.slice(0, split).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    const value = line.slice(line.indexOf(':') + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const [method, target] = first!.split(' ');
  return { method: method!, target: target!, headers, body: request.slice(split + HEAD_END.length) };
}

function listen(region: string): Promise<readonly [string, number]> {
  const ok = answer(region, '200 OK', JSON.stringify({ region, text: 'x'.repeat(BODY_BYTES - 23 - region.length) }));
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, region, ok);
    socket.on('data', (chunk) => connection.read(chunk as Buffer));
    socket.on('error', () => socket.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve([region, (server.address() as { port: number }).port]));
  });
}

const ports = Object.fromEntries(await Promise.all(REGIONS.map(listen)));
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
