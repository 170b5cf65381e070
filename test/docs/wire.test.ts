import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderWire, WIRE_PAGE } from '../tools/wire.ts';

test('docs/wire.md is current', () => {
  assert.ok(readFileSync(WIRE_PAGE, 'utf8') === renderWire(), 'run node test/tools/wire.ts --write');
});
