/** Nodes as numbers: the same children as nested maps would have, however many there are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { Nodes, ONE, PARAM } from './nodes.ts';

interface Model {
  readonly node: number;
  readonly children: Map<string, Model>;
}

/** Adds `path`, and checks that what was there is found again. */
function add(nodes: Nodes, root: Model, path: readonly string[]): void {
  let at = root;
  for (const text of path) {
    const known = at.children.get(text);
    const node = nodes.exactChild(at.node, text);
    if (known === undefined) at.children.set(text, { node, children: new Map() });
    else assert.equal(node, known.node);
    at = at.children.get(text)!;
  }
}

function check(nodes: Nodes, { node, children }: Model, others: readonly string[]): number {
  for (const text of others)
    assert.equal(nodes.find(node, `/${text}/`, 1, text.length + 1), children.get(text)?.node ?? 0, text);
  let count = 1;
  for (const child of children.values()) count += check(nodes, child, others);
  return count;
}

test('every child is found, and no other', () => {
  const text = fc.oneof(fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'aa'), fc.stringMatching(/^[a-z0-9]{1,4}$/));
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 60 }), (paths) => {
      const nodes = new Nodes();
      const root = { node: 0, children: new Map() };
      for (const path of paths) add(nodes, root, path);
      const texts = [...new Set(paths.flat()), 'x', 'aaa'];
      const count = check(nodes, root, texts);
      nodes.seal();
      assert.equal(check(nodes, root, texts), count);
    }),
  );
});

test('ten thousand children of one node, and as many nodes with one', () => {
  const nodes = new Nodes();
  const made = Array.from({ length: 10_000 }, (_, i) => nodes.exactChild(nodes.exactChild(0, `v${i}`), 'items'));
  assert.equal(new Set(made).size, made.length);
  nodes.seal();
  made.forEach((node, i) => {
    const path = `/v${i}/items`;
    const slash = path.indexOf('/', 1);
    assert.equal(nodes.find(nodes.find(0, path, 1, slash), path, slash + 1, path.length), node);
  });
  assert.equal(nodes.find(0, '/v10000', 1, 7), 0);
});

test('children for any segment are apart from those for exact ones, and made once', () => {
  const nodes = new Nodes();
  const made = [nodes.child(0, PARAM), nodes.child(0, ONE), nodes.exactChild(0, ':id'), nodes.exactChild(0, '*')];
  assert.equal(new Set(made).size, 4);
  assert.deepEqual([nodes.child(0, PARAM), nodes.get(0, ONE)], [made[0], made[1]]);
});
