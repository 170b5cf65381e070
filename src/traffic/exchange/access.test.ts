/** Lines of the access log against those that pino writes of the same. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pino } from 'pino';
import type { ErrorCode } from '../../errors.ts';
import { Logged } from '../../log/json-bytes.ts';
import { GatheredLines } from '../../log/line-batch.ts';
import { lineOptions } from '../../log/log.ts';
import { endpointPlan } from '../../testing/fakes.ts';
import fc from '../../testing/property.ts';
import type { Endpoint } from '../rules/upstream.ts';
import { AccessLog } from './access.ts';
import type { Finished } from './core.ts';

type Format = 'json' | 'ecs';

/** What a test says of a request, beside what {@link Finished} makes of it. */
interface Ended {
  readonly x: Finished;
  readonly bytesIn: number;
  readonly duration: number;
}

/** Decides what pino writes for texts of up to a hundred characters: before Node 25 it leaves lone surrogates there. */
const WELL_FORMED = Number(process.versions.node.split('.')[0]) < 25;

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 130 }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '/',
      '"',
      '\\',
      '\n',
      '\0',
      '\x1f',
      '\x7f',
      '\x80',
      'é',
      '😀',
      '\ud800',
      '\udc00',
      '\u2028',
      '\u2029',
    ),
  }),
  fc.string({ unit: 'grapheme-ascii' }),
);
const text = WELL_FORMED ? anyText.map((value) => value.toWellFormed()) : anyText;
const count = fc.oneof(
  fc.nat(),
  fc.nat({ max: 10 ** 4 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31),
);
const milliseconds = fc.oneof(
  fc.double({ min: 0, max: 10_000, noNaN: true }),
  fc.double(),
  fc.constantFrom(-1, 0, 0.004, 0.005, 0.1, 1.05, 9.999, 21_474_836.47, 21_474_836.48),
);

const request: fc.Arbitrary<Ended> = fc
  .record({
    id: text,
    route: text,
    revision: text,
    method: text,
    path: text,
    replyStatus: fc.nat({ max: 999 }),
    code: text.map((code) => code as ErrorCode),
    client: fc.record({ address: text, country: text, continent: fc.constant(''), region: text }),
    endpoint: fc.option(text, { nil: null }),
    attempts: fc.nat({ max: 20 }),
    failure: text,
    bytesOut: count,
    firstByte: milliseconds,
    bytesIn: count,
    duration: milliseconds,
  })
  .map(({ bytesIn, duration, ...more }) => ({ x: finished(more), bytesIn, duration }));

function finished(
  more: Partial<Omit<Finished, 'client' | 'lastEndpoint'>> & {
    readonly client?: Omit<Finished['client'], 'logged'>;
    readonly endpoint?: string | null;
  },
): Finished {
  const { client = { address: '192.0.2.7', country: 'DE', continent: 'EU', region: 'eu' }, endpoint = 'u/e' } = more;
  const plan = { ...endpointPlan('e', 'u'), id: endpoint ?? '' };
  return {
    id: 'req_1',
    route: 'all',
    revision: 'r1',
    method: 'GET',
    path: '/',
    replyStatus: 200,
    code: '',
    attempts: 1,
    failure: '',
    bytesOut: 5,
    startedAt: 0,
    firstByte: 0.5,
    ...more,
    routeLogged: new Logged(),
    client: { ...client, logged: new Logged() },
    lastEndpoint: endpoint === null ? null : ({ plan, logged: new Logged() } as unknown as Endpoint),
  };
}

/** What pino writes of it. */
function withPino(format: Format, { x, bytesIn, duration }: Ended): string {
  let line = '';
  const logger = pino(lineOptions(format), { write: (written) => (line += written) });
  const r = {
    id: x.id,
    route: x.route,
    revision: x.revision,
    method: x.method,
    path: x.path,
    status: x.replyStatus,
    code: x.code,
    address: x.client.address,
    country: x.client.country,
    region: x.client.region,
    endpoint: x.lastEndpoint?.plan.id ?? '',
    attempts: x.attempts,
    failure: x.failure,
    bytesIn,
    bytesOut: x.bytesOut,
    duration: Math.round(duration * 100) / 100,
    upstream: Math.round(x.firstByte * 100) / 100,
  };
  logger.info(format === 'json' ? r : inEcs(r), 'request');
  return line;
}

function inEcs(r: Record<string, string | number>): object {
  const { id, method, route, revision, region, endpoint, attempts, failure, code } = r;
  const duration = Math.round(Number(r.duration) * 1e6);
  const outcome = Number(r.status) < 500 ? 'success' : 'failure';
  return {
    event: { dataset: 'weir.access', duration, outcome },
    http: { request: { id, method, bytes: r.bytesIn }, response: { status_code: r.status, bytes: r.bytesOut } },
    url: { path: r.path },
    client: { ip: r.address, geo: { country_iso_code: r.country } },
    weir: { route, revision, region, endpoint, attempts, failure, code, upstream_ms: r.upstream },
  };
}

/** `sent` are lines as the main thread takes them; while `slow` it is done with none. */
function memoryAccess(format: Format) {
  const sent: string[] = [];
  const held: (() => void)[] = [];
  const main = {
    sent,
    held,
    slow: false,
    copies: 0,
  };
  const gathered = new GatheredLines((lines, written) => {
    sent.push(Buffer.from(lines).toString());
    if (main.slow) held.push(written);
    else written();
  });
  const send = (lines: Uint8Array): void => {
    main.copies++;
    sent.push(Buffer.from(lines).toString());
  };
  const access = new AccessLog({ format }, gathered.memory, { handOver: () => gathered.receive(), send });
  access.close();
  return Object.assign(main, { access, gathered });
}

for (const format of ['json', 'ecs'] as const)
  test(`each line is what pino writes, byte for byte: ${format}`, () => {
    mock.timers.enable({ apis: ['Date'] });
    const { access, sent } = memoryAccess(format);
    const check = (ended: Ended, now: number): void => {
      mock.timers.setTime(now);
      const expected = Buffer.from(withPino(format, ended)).toString();
      // The second line takes what the first has kept.
      for (let i = 0; i < 2; i++) access.write(ended.x, ended.bytesIn, ended.duration, now);
      access.flush();
      assert.equal(sent.splice(0).join(''), expected + expected);
    };
    const now = fc.oneof(
      fc.nat({ max: 4_102_444_800_000 }),
      fc.integer({ min: 1_795_000_000_000, max: 1_795_000_000_003 }),
    );
    try {
      fc.assert(fc.property(request, now, check), { numRuns: 1000 });
    } finally {
      mock.timers.reset();
    }
  });

test('lines of any length are whole, in order, and all there, however slow the main thread is', () => {
  const main = memoryAccess('json');
  const { access, gathered, sent, held } = main;
  const lengths = [10, 30_000, 140_000, 1, 800_000, 130_000, ...Array.from({ length: 1000 }, (_, i) => i)];
  for (const [i, length] of lengths.entries()) {
    main.slow = i % 300 > 100;
    if (!main.slow) for (const written of held.splice(0)) written();
    // Half of them take six bytes for each character.
    access.write(finished({ path: (i % 2 === 0 ? 'x' : '\0').repeat(length), bytesOut: i }), 0, 1, 0);
  }
  access.flush();
  gathered.drain();
  for (const lines of sent) assert.ok(lines.endsWith('}\n'));
  const lines = sent
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ bytesOut, path }) => [bytesOut, path.length]),
    lengths.map((length, i) => [i, length]),
  );
  assert.ok(main.copies > 3, `${main.copies} lots of lines were copied`);
});

test('memory that is still being written out of is not written to', () => {
  const main = memoryAccess('json');
  const { access, gathered, sent, held } = main;
  const write = (path: string): void => {
    access.write(finished({ path }), 0, 1, 0);
    access.flush();
  };
  main.slow = true;
  write('/a');
  const before = Buffer.from(gathered.memory).toString('latin1');
  for (let i = 0; i < 5; i++) write(`/b${i}`);
  const at = before.indexOf('"path":"/a"');
  assert.equal(Buffer.from(gathered.memory).toString('latin1').indexOf('"path":"/a"'), at);
  assert.deepEqual([sent.length, held.length, main.copies], [6, 1, 5]);
  held.pop()!();
  main.slow = false;
  write('/c');
  write('/d');
  assert.equal(main.copies, 5);
  assert.deepEqual(
    sent.map((line) => JSON.parse(line).path),
    ['/a', '/b0', '/b1', '/b2', '/b3', '/b4', '/c', '/d'],
  );
});

test('of a thread that ended what is gathered is taken once, and what was handed over not again', () => {
  const main = memoryAccess('json');
  const { access, gathered, sent } = main;
  main.slow = true;
  access.write(finished({ path: '/a' }), 0, 1, 0);
  access.flush();
  access.write(finished({ path: '/b' }), 0, 1, 0);
  access.write(finished({ path: '/c' }), 0, 1, 0);
  assert.equal(sent.length, 1);
  gathered.drain();
  const paths = sent.map((lines) => lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).path])));
  assert.deepEqual(paths, [['/a'], ['/b', '/c']]);
});
