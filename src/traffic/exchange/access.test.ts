/** Lines of the access log against those that pino writes of the same. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pino } from 'pino';
import type { ErrorCode } from '../../errors.ts';
import { Logged } from '../../log/json-bytes.ts';
import { batchMemory, linesIn } from '../../log/line-batch.ts';
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

function memoryAccess(format: Format) {
  const memory = batchMemory();
  const sent: string[] = [];
  const access = new AccessLog({ format }, memory, (lines) => sent.push(Buffer.from(lines).toString()));
  access.close();
  return { access, memory, sent };
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

test('lines of any length are whole, in order, and all there', () => {
  const { access, memory, sent } = memoryAccess('json');
  const lengths = [10, 30_000, 70_000, 1, 400_000, 65_000, ...Array.from({ length: 500 }, (_, i) => i)];
  // Half of them take six bytes for each character.
  for (const [i, length] of lengths.entries())
    access.write(finished({ path: (i % 2 === 0 ? 'x' : '\0').repeat(length), bytesOut: i }), 0, 1, 0);
  access.flush();
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
  assert.equal(linesIn(memory).length, 0);
});

test('what is gathered can be read from outside, and is not there any more once it is sent', () => {
  const { access, memory, sent } = memoryAccess('json');
  access.write(finished({ path: '/a' }), 0, 1, 0);
  access.write(finished({ path: '/b' }), 0, 1, 0);
  assert.deepEqual(sent, []);
  const gathered = Buffer.from(linesIn(memory)).toString();
  access.flush();
  assert.deepEqual(sent, [gathered]);
  assert.equal(linesIn(memory).length, 0);
  access.flush();
  assert.equal(sent.length, 1);
});
