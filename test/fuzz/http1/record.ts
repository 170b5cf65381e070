/**
 * Records what clients send and servers answer, octet by octet; recorded/README.md says how it is used. By hand only.
 *
 *   node test/fuzz/http1/record.ts clients <folder> <port>             a server; `/<name>/…` is written to <name>.http
 *   node test/fuzz/http1/record.ts server <folder> <name> <port> <path> asks a server and writes its replies
 */
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type HeadLimits, RequestReader } from '../../../src/http1/request-reader.ts';

const LIMITS: HeadLimits = {
  headBytes: 65_536,
  targetBytes: 8192,
  fields: 200,
  trailerBytes: 8192,
  chunkLineBytes: 256,
};
const RECORD_MAX = 4096;
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
  object: 'chat.completion',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } }],
};

/** For browsers: a page that posts. */
const PAGE = `<script>
const body = new FormData();
body.set('a', 'ü');
fetch('post', { method: 'POST', body: JSON.stringify({ a: 1 }), headers: { 'content-type': 'application/json' } })
  .then(() => fetch('form', { method: 'POST', body }))
  .then(() => navigator.sendBeacon('beacon', 'bye'));
</script>`;

function recordClients(folder: string, port: number): void {
  const taken = new Map<string, number>();
  net.createServer((socket) => recordClient(folder, taken, socket)).listen(port, '127.0.0.1');
}

/** One file for each connection, named after the first segment of its first path. */
function recordClient(folder: string, taken: Map<string, number>, socket: net.Socket): void {
  const received: Buffer[] = [];
  let name = '';
  let page = false;
  const reader = new RequestReader(LIMITS, {
    head(head) {
      name ||= unique(taken, new URL(head.target, 'http://a').pathname.split('/')[1]!.replace('*', '') || 'root');
      page = head.target.endsWith('.html');
      if (head.expectsContinue) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (head.upgrade === 'websocket') socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    },
    data() {},
    end() {
      const body = page ? PAGE : JSON.stringify(MESSAGE);
      const type = page ? 'text/html; charset=latin1' : 'application/json';
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        'latin1',
      );
      reader.next();
    },
    refused(code) {
      console.log('refused', code, JSON.stringify(Buffer.concat(received).toString('latin1')));
      socket.destroy();
    },
  });
  socket.on('data', (chunk: Buffer) => {
    received.push(chunk);
    reader.push(chunk);
    // Load tools send thousands of equal requests; the first few say all.
    const bytes = Buffer.concat(received);
    if (name !== '' && bytes.length < RECORD_MAX) writeFileSync(join(folder, `${name}.http`), bytes);
  });
  socket.on('error', () => {});
}

function unique(taken: Map<string, number>, name: string): string {
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  return count === 1 ? name : `${name}-${count}`;
}

/** What every server is asked. The first word names the file, the second is the method. */
const ASKED: readonly (readonly [name: string, method: string, fields: string, body: string])[] = [
  ['get', 'GET', '', ''],
  ['head', 'HEAD', '', ''],
  ['close', 'GET', 'Connection: close\r\n', ''],
  ['options', 'OPTIONS', '', ''],
  ['post', 'POST', 'Content-Type: text/plain\r\nContent-Length: 5\r\n', 'hello'],
  ['range', 'GET', 'Range: bytes=0-3\r\n', ''],
  ['since', 'GET', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n', ''],
  ['bad', 'GET', 'Content-Length: x\r\n', ''],
];

async function recordServer(folder: string, server: string, port: number, path: string): Promise<void> {
  const replies = [];
  for (const version of ['1.1', '1.0'])
    for (const [name, asked, fields, body] of ASKED) {
      let bytes = '';
      const socket = net.connect(port, '127.0.0.1');
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.toString('latin1');
      });
      socket.on('error', () => {});
      socket.write(`${asked} ${path} HTTP/${version}\r\nHost: 127.0.0.1\r\n${fields}\r\n${body}`);
      await wait(300);
      socket.destroy();
      replies.push({ name: `${name} ${version}`, asked, bytes });
    }
  writeFileSync(join(folder, `${server}.json`), `${JSON.stringify(replies, null, 2)}\n`);
}

const [what, folder, first, second, third] = process.argv.slice(2);
if (what === 'clients') recordClients(folder!, Number(first));
else if (what === 'server') await recordServer(folder!, first!, Number(second), third!);
