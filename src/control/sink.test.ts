import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAccessWriter, createLog, prettyLine } from '../log/log.ts';
import { memorySink, tempFolder, until } from '../testing/control.ts';
import { FileSink, type Write } from './file-sink.ts';
import { createSink } from './sink.ts';

const PRINTER = fileURLToPath(new URL('../testing/printer.ts', import.meta.url));

/** Starts printer.ts. `facts` are the lines of its standard error. */
function printer(t: TestContext, args: string[], stdout: 'pipe' | number) {
  const child = spawn(process.execPath, [PRINTER, ...args], { stdio: ['ignore', stdout, 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const facts: Record<string, number>[] = [];
  const other: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (line.startsWith('{')) facts.push(JSON.parse(line));
    else other.push(line);
  });
  return { child, facts, other, exited: exitOf(child) };
}

function exitOf(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
}

test('a reader that does not read costs lines, not memory, not time, and the exit does not hang', async (t) => {
  const { child, facts, exited } = printer(t, ['flood', '1000000'], 'pipe');
  // Not read at all until the process has ended.
  const ended = new Promise((resolve) => child.once('exit', resolve));
  assert.equal(await ended, 0);
  child.stdout!.resume();
  await exited;
  assert.ok(facts[0]!.dropped! > 3000, `dropped ${facts[0]!.dropped}`);
  // 100 MB were written; what is not read must be gone.
  assert.ok(facts[0]!.grown! < 50e6, `grew by ${facts[0]!.grown}`);
  assert.ok(facts[1]!.closed! < 5000);
});

test('process log and access log come whole and in order', async (t) => {
  const { child, exited } = printer(t, ['mixed'], 'pipe');
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  assert.equal(await exited, 0);
  checkMixed(text);
});

test('the same into a file', async (t) => {
  const file = join(tempFolder(t), 'out.log');
  const fd = openSync(file, 'w');
  const { exited } = printer(t, ['mixed'], fd);
  closeSync(fd);
  assert.equal(await exited, 0);
  checkMixed(readFileSync(file, 'utf8'));
});

function checkMixed(text: string): void {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 900);
  for (let i = 0; i < 300; i++) {
    assert.equal(lines[3 * i].i, i);
    assert.equal(lines[3 * i + 1].a, i);
    assert.equal(lines[3 * i + 2].b, i);
  }
}

test('a reader that goes away does not end the process', async (t) => {
  const { child, facts, exited, other } = printer(t, ['broken'], 'pipe');
  child.stdout!.destroy();
  assert.equal(await exited, 0, other.join('\n'));
  assert.ok(facts[0]!.dropped! >= 10);
});

test('a file sink drops whole writes beyond its bound and counts their lines', async (t) => {
  const file = join(tempFolder(t), 'out.log');
  // The sink closes it.
  const sink = createSink({ fd: openSync(file, 'w'), maxBuffered: 100 });
  sink.write('first\n');
  sink.write(`${'x'.repeat(99)}\nsecond\n`);
  sink.write('third\n');
  assert.equal(sink.dropped, 2);
  await sink.close(10_000);
  assert.equal(readFileSync(file, 'utf8'), 'first\nthird\n');
});

test('what a full disk does not take is kept up to the bound, and what was lost is said once it takes more', async () => {
  const disk = { room: 8, text: '', tries: 0 };
  const write: Write = (_fd, data, offset, length, _position, done) => {
    disk.tries++;
    const fits = Math.min(length, disk.room);
    disk.room -= fits;
    disk.text += data.toString('latin1', offset, offset + fits);
    if (fits > 0) setImmediate(done, null, fits);
    else setImmediate(done, Object.assign(new Error('no space'), { code: 'ENOSPC' }), 0);
  };
  const sink = new FileSink({ fd: 1, maxBuffered: 20, write, retry: 1 });
  const told: number[] = [];
  sink.onRecovered = (lines) => {
    told.push(lines);
    sink.write('lost\n');
  };
  sink.write('first\n');
  sink.write('second\n');
  await until(() => disk.tries > 3, 'the disk to be tried again');
  sink.write('third line\n');
  sink.write('fourth and\nfifth line\n');
  assert.deepEqual([disk.text, sink.dropped, told], ['first\nse', 2, []]);
  disk.room = 1000;
  await until(() => told.length > 0, 'the loss to be told');
  sink.write('next\n');
  await sink.close(10_000);
  assert.equal(disk.text, 'first\nsecond\nthird line\nlost\nnext\n');
  assert.deepEqual(told, [2]);
});

test('bytes are written as they are, between texts, and their lines are counted where they are lost', async (t) => {
  const file = join(tempFolder(t), 'out.log');
  const sink = createSink({ fd: openSync(file, 'w'), maxBuffered: 40 });
  const bytes = Buffer.from('{"path":"/é"}\n');
  sink.write('first\n');
  sink.write(bytes.subarray(0));
  sink.write(Buffer.from('x\n'.repeat(30)));
  sink.write('last\n');
  assert.equal(sink.dropped, 30);
  await sink.close(10_000);
  assert.equal(readFileSync(file, 'utf8'), 'first\n{"path":"/é"}\nlast\n');
});

test('a sink whose disk is full closes at once, and what it holds counts as lost', async () => {
  const write: Write = (_fd, _data, _offset, _length, _position, done) =>
    setImmediate(done, Object.assign(new Error('too large'), { code: 'EFBIG' }), 0);
  const sink = new FileSink({ fd: 1, maxBuffered: 1000, write, retry: 600_000 });
  sink.write('one\ntwo\n');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  sink.write('three\n');
  const late = setTimeout(() => assert.fail('it waits'), 5_000);
  await sink.close(600_000);
  clearTimeout(late);
  assert.equal(sink.dropped, 3);
  sink.write('four\n');
  assert.equal(sink.dropped, 4);
});

test('a slow reader that reads again is told what it missed', async (t) => {
  const { child, exited } = printer(t, ['missed', '300000'], 'pipe');
  const lines: string[] = [];
  await once(child.stderr!, 'data');
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  assert.equal(await exited, 0);
  const told = lines.filter((line) => line.startsWith('lost '));
  assert.equal(told.length, 1);
  assert.equal(lines.length - 1 + Number(told[0]!.slice('lost '.length)), 100);
});

test('formats', () => {
  const written = (format: 'json' | 'ecs' | 'pretty', level: 'info' | 'error' | 'silent' = 'info') => {
    const sink = memorySink();
    const log = createLog({ level, format }, sink);
    log.debug({}, 'unseen');
    log.info({ file: 'a b' }, 'rules reloaded');
    log.error({ err: new TypeError('oops') }, 'failed');
    return sink.text;
  };
  const [info, error] = written('json')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([info.level, info.message, info.file, info.pid], ['info', 'rules reloaded', 'a b', process.pid]);
  assert.equal(typeof info.time, 'number');
  assert.deepEqual([error.err.type, error.err.message], ['TypeError', 'oops']);
  const [ecs, ecsError] = written('ecs')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([ecs['log.level'], ecs.message, ecs['ecs.version']], ['info', 'rules reloaded', '8.11.0']);
  assert.ok(!Number.isNaN(Date.parse(ecs['@timestamp'])));
  assert.deepEqual([ecsError.error.type, ecsError.error.message], ['TypeError', 'oops']);
  const pretty = written('pretty').split('\n');
  assert.match(pretty[0]!, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}rules reloaded {2}file="a b"$/);
  assert.match(pretty[1]!, /^\d\d:\d\d:\d\d\.\d{3} ERROR failed$/);
  assert.match(pretty[2]!, /^ {4}TypeError: oops$/);
  assert.equal(written('json', 'silent'), '');
  assert.equal(written('json', 'error').trim().split('\n').length, 1);
});

test('access log lines are made readable only where that is asked for', () => {
  const line = '{"level":30,"time":0,"route":"a","status":200,"message":"request"}\n';
  const sink = memorySink();
  createAccessWriter({ format: 'json' }, sink)(line + line);
  assert.equal(sink.text, line + line);
  sink.text = '';
  createAccessWriter({ format: 'pretty' }, sink)(line + line);
  assert.equal(sink.text, '00:00:00.000 INFO  request  route=a  status=200\n'.repeat(2));
  assert.equal(prettyLine('not json'), 'not json\n');
  const forged = JSON.stringify({ level: 'warn', message: 'no `a\n10:20:30 INFO all is well\u001b[2J`' });
  assert.equal(prettyLine(forged), '- WARN  no `a\\u000a10:20:30 INFO all is well\\u001b[2J`\n');
});
