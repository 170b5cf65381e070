import assert from 'node:assert/strict';
import test from 'node:test';
import fc from '../../testing/property.ts';
import { formatTimestamp, parseTimestamp, type TimestampFormat } from './timestamp.ts';

test('each format reads what it writes', () => {
  const times = fc.integer({ min: 1_000_000_000_000, max: 4_000_000_000_000 });
  fc.assert(
    fc.property(times, (ms) => {
      assert.equal(parseTimestamp('unixMillis', formatTimestamp('unixMillis', ms)), ms);
      assert.equal(parseTimestamp('rfc3339', formatTimestamp('rfc3339', ms)), ms);
      assert.equal(parseTimestamp('unix', formatTimestamp('unix', ms)), Math.floor(ms / 1000) * 1000);
    }),
  );
});

const GOOD: [TimestampFormat, string, string][] = [
  ['rfc3339', '2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['rfc3339', '2024-02-29T23:59:59.9Z', '2024-02-29T23:59:59.900Z'],
  ['rfc3339', '2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123Z'],
  ['rfc3339', '2026-01-01T00:30:00+02:00', '2025-12-31T22:30:00.000Z'],
  ['rfc3339', '2026-01-01T00:30:00-05:30', '2026-01-01T06:00:00.000Z'],
  ['unix', '1700000000', '2023-11-14T22:13:20.000Z'],
  ['unixMillis', '1700000000123', '2023-11-14T22:13:20.123Z'],
];

test('reads what is in the format', () => {
  for (const [format, text, iso] of GOOD) assert.equal(new Date(parseTimestamp(format, text)).toISOString(), iso, text);
});

const BAD: Record<TimestampFormat, string[]> = {
  unix: [
    '',
    '0',
    '01700000000',
    '+1700000000',
    '-1',
    '1.7e9',
    '1700000000.5',
    ' 1700000000',
    '0x65',
    '１７',
    '170000000000',
    'NaN',
  ],
  unixMillis: ['', '1700000000123.0', '01700000000123', '1700000000123456', 'Infinity'],
  rfc3339: [
    '',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31t12:00:00Z',
    '2026-01-31T12:00:00z',
    '2026-01-31 12:00:00Z',
    '2026-1-31T12:00:00Z',
    '2026-00-10T12:00:00Z',
    '2026-13-10T12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2100-02-29T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-01-00T12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '2026-01-31T12:00:60Z',
    '2026-01-31T12:00:00.Z',
    '2026-01-31T12:00:00.1234567890Z',
    '2026-01-31T12:00:00ZZ',
    '2026-01-31T12:00:00Z ',
    '2026-01-31T12:00:00+2:00',
    '2026-01-31T12:00:00+0200',
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00+02:60',
    '2026-01-31T12:00:00+02:00x',
    '+002026-01-31T12:00:00Z',
    'Sat, 31 Jan 2026 12:00:00 GMT',
  ],
};

test('refuses everything else', () => {
  for (const [format, texts] of Object.entries(BAD) as [TimestampFormat, string[]][])
    for (const text of texts)
      assert.ok(Number.isNaN(parseTimestamp(format, text)), `${format} ${JSON.stringify(text)}`);
});
