/**
 * Time and chance come in through parameters (src/README.md), so that a test can move the one and choose the other. Only
 * the roots, where the program is put together, take them from the machine; every other use stands here with its reason.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '..', '..', 'src');

/** Where clocks and chance are handed in, and what runs by itself: commands, the demo. */
const ROOTS = [
  'main.cjs',
  'cli/',
  'demo/',
  'testing/',
  'traffic/thread/thread.ts',
  'control/server.ts',
  'control/dry-run.ts',
];

/** What reads the machine's clock or its chance, called or handed on. */
const SOURCES =
  /\b(?:Date\.now|performance\.now|Math\.random|process\.hrtime|process\.uptime|getRandomValues|randomBytes|randomFill|randomInt|randomUUID)\b|\bnew Date\(\)|\bDate\(\)/g;

/** What waits by the machine's clock. Where a policy, a rule or a state waits, time has not come in. */
const TIMERS = /\b(?:setTimeout|setInterval)\(|\bAbortSignal\.timeout\b|timers\/promises/g;

/** Folders that know nothing of waiting: what they need of time is a number they are given. */
const TIMELESS = [
  'http1',
  'http2-streams',
  'log',
  'match',
  'metrics',
  'net',
  'plan',
  'policies',
  'sockets',
  'state',
  'store',
  'template',
  'types',
];

const DEFAULTS = 'only where the parameter is left out';
const MAIN = 'the main thread’s own waiting for threads, files and sockets; tests mock timers or wait for events';
const UNGUESSED = 'must be unpredictable, which the chance that comes in is not';

/** Rule Zero: break a rule only with a comment saying why. File → what it uses, and why. */
const EXCEPTIONS: Readonly<Record<string, readonly [names: readonly string[], why: string]>> = {
  'control/admin.ts': [['randomUUID'], 'the id of an error of the admin pages, which nothing else reads'],
  'control/certificates.ts': [['Date.now'], MAIN],
  'control/health.ts': [['performance.now'], MAIN],
  'control/last-good.ts': [['randomBytes'], `the name of a file that is renamed at once ${UNGUESSED}`],
  'control/overview.ts': [['Date.now', 'process.uptime'], 'says when it was asked, and since when the process runs'],
  'control/process.ts': [['process.uptime'], 'a metric of the process'],
  'control/runtime-folder.ts': [['randomBytes'], `the name of a socket ${UNGUESSED}`],
  'control/thread.ts': [['Date.now'], MAIN],
  'control/threads.ts': [['Date.now', 'performance.now', 'randomBytes'], `${MAIN}; the name in \`Via\` ${UNGUESSED}`],
  'control/watch.ts': [['performance.now'], MAIN],
  'traffic/rules/queue-log.ts': [['performance.now'], DEFAULTS],
  'edges/http2/sessions.ts': [['performance.now'], DEFAULTS],
  'files/debounce.ts': [['Date.now'], MAIN],
  'traffic/tunnels/websocket-frames.ts': [['randomBytes'], `a mask ${UNGUESSED} (RFC 6455 §5.3)`],
  'geo/source.ts': [['Date.now', 'performance.now'], DEFAULTS],
  'log/log.ts': [['new Date()'], 'the time of a line is when it was written'],
  'policies/jwt/key-url.ts': [['AbortSignal.timeout'], 'bounds a download of keys, which no request waits for twice'],
  'policies/signature/verify.ts': [['randomBytes'], `a key for unknown signers ${UNGUESSED}`],
  'state/clock.ts': [['Date.now', 'performance.now'], DEFAULTS],
  'state/wheel.ts': [['setInterval('], DEFAULTS],
  'store/memory.ts': [['randomBytes'], DEFAULTS],
};

interface Use {
  readonly file: string;
  readonly name: string;
}

/** The uses of a program text, import lines and comments left out. */
function usesOf(file: string, text: string): Use[] {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '$1')
    .replaceAll(/^import \{[^}]*\} from 'node:crypto';$/gm, '');
  const names = [...code.matchAll(SOURCES)].map(([name]) => name);
  if (TIMELESS.includes(file.split('/')[0]!)) names.push(...[...code.matchAll(TIMERS)].map(([name]) => name));
  return [...new Set(names)].map((name) => ({ file, name }));
}

const uses = globSync('**/*.{ts,cjs}', { cwd: SRC })
  .filter((file) => !file.endsWith('.test.ts') && !ROOTS.some((root) => file.startsWith(root)))
  .flatMap((file) => usesOf(file, readFileSync(join(SRC, file), 'utf8')));

test('time and chance come in through parameters', () => {
  const found = uses.filter(({ file, name }) => !EXCEPTIONS[file]?.[0].includes(name));
  assert.deepEqual(found, [], 'take `now` or `random` as a parameter, or say here why not');
});

test('no exception outlives what it was for', () => {
  const stale = Object.entries(EXCEPTIONS).flatMap(([file, [names]]) =>
    names
      .filter((name) => !uses.some((use) => use.file === file && use.name === name))
      .map((name) => `${file} ${name}`),
  );
  assert.deepEqual(stale, []);
});

test('uses are seen called, handed on and in timeless folders, and not in comments', () => {
  const names = (file: string, text: string) => usesOf(file, text).map(({ name }) => name);
  assert.deepEqual(names('traffic/x.ts', 'const now = options.now ?? Date.now;\nf(Math.random());'), [
    'Date.now',
    'Math.random',
  ]);
  assert.deepEqual(
    names('traffic/x.ts', "import { randomBytes } from 'node:crypto';\n/** Date.now */ // new Date()"),
    [],
  );
  assert.deepEqual(names('traffic/x.ts', 'new Date(); setTimeout(f, 1);'), ['new Date()']);
  assert.deepEqual(names('policies/x.ts', 'socket.setTimeout(1); AbortSignal.timeout(1);'), [
    'setTimeout(',
    'AbortSignal.timeout',
  ]);
});
