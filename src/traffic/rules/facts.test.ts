import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILT_IN_FACTS, builtInFact } from '../../plan/facts.ts';
import { FactTable } from './facts.ts';

test('every built-in fact that the checks let pass can be read', () => {
  const table = new FactTable([], () => '/:name');
  for (const { name } of BUILT_IN_FACTS)
    assert.equal(typeof table.reader(name.endsWith('.') ? `${name}name` : name), 'function', name);
});

test('families need a name, and other names are not built in', () => {
  assert.equal(builtInFact('header.x-a')?.name, 'header.');
  assert.equal(builtInFact('header.'), undefined);
  assert.equal(builtInFact('header'), undefined);
  assert.equal(builtInFact('route.x'), undefined);
  assert.equal(builtInFact('jwt.sub'), undefined);
});
