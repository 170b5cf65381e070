import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAccessWriter, createLog, prettyLine } from '../log/log.ts';
import { memorySink, tempFolder } from '../testing/control.ts';
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
  assert.ok(facts[0].dropped > 3000, `dropped ${facts[0].dropped}`);
  // 100 MB were written; what is not read must be gone.
  assert.ok(facts[0].grown < 50e6, `grew by ${facts[0].grown}`);
  assert.ok(facts[1].closed < 5000);
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
  assert.ok(facts[0].dropped >= 10);
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
  assert.match(pretty[0], /^\d\d:\d\d:\d\d\.\d{3} INFO {2}rules reloaded {2}file="a b"$/);
  assert.match(pretty[1], /^\d\d:\d\d:\d\d\.\d{3} ERROR failed$/);
  assert.match(pretty[2], /^ {4}TypeError: oops$/);
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
});
