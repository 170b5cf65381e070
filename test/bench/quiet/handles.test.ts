import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { test } from 'node:test';
import { acceptedSocket, calls, type QuietSocket, quietenConnects } from './handles.ts';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n';

/** A real socket on a quiet handle, and the messages that were written on it. */
function accepted(bodyLength: number, more: object = {}): { socket: Socket; quiet: QuietSocket; messages: string[] } {
  const messages: string[] = [];
  const quiet = acceptedSocket({ whole: ({ message }) => void messages.push(message) });
  quiet.bodyLength = bodyLength;
  const socket = new Socket({ handle: quiet.handle, ...more } as object);
  return { socket, quiet, messages };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

test('a message is whole when its body is, in however many writes it comes', () => {
  const { socket, messages } = accepted(5);
  const before = calls.writes;
  socket.write(`${HEAD}hello`, 'latin1');
  socket.write(Buffer.from(`${HEAD}again`));
  socket.write(HEAD, 'utf8');
  socket.write(Buffer.from('he'));
  assert.equal(messages.length, 2);
  socket.cork();
  socket.write('l', 'latin1');
  socket.write(Buffer.from('lo'));
  socket.uncork();
  assert.deepEqual(messages, [`${HEAD}hello`, `${HEAD}again`, `${HEAD}hello`]);
  assert.equal(calls.writes - before, 5);
  assert.equal(socket.writableLength, 0);
});

test('what comes is read as from the system, and only where it is read', async () => {
  const { socket, quiet } = accepted(0, { pauseOnCreate: true });
  assert.equal(quiet.deliver(bytes('early')), false);
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.resume();
  await new Promise(setImmediate); // it begins to flow in the next tick
  assert.deepEqual([quiet.deliver(bytes('one')), quiet.deliver(bytes('two'))], [true, true]);
  assert.equal(text, 'onetwo');
});

test("a connection to a quiet port stands without the system, and reads fill the reader's own buffer, piece by piece", async () => {
  const opened: QuietSocket[] = [];
  quietenConnects(new Set([1]), { whole() {} }, (quiet) => opened.push(quiet));
  const buffer = Buffer.alloc(4);
  const read: string[] = [];
  const callback = (size: number): boolean => read.push(buffer.toString('latin1', 0, size)) > 0;
  const socket = connect({ port: 1, host: '127.0.0.1', onread: { buffer, callback } });
  await once(socket, 'connect');
  const before = calls.reads;
  assert.equal(opened[0]!.deliver(bytes('in pieces')), true);
  assert.deepEqual(read, ['in p', 'iece', 's']);
  assert.equal(calls.reads - before, 3);
  const ended = calls.shutdowns;
  socket.end();
  await once(socket, 'finish');
  assert.equal(calls.shutdowns - ended, 1);
  socket.destroy();
});
