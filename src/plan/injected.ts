/** What the environment put into a document: by place, for masks and the revision; as secrets, for the last net. */
import type { SecretText } from '../log/redact.ts';
import type { ConfigPath } from '../types/policy.ts';
import type { ScalarOrigin } from './environment.ts';
import { mayBeSecret } from './schema/places.ts';
import type { TreeNode } from './source.ts';

/** A scalar that refers to the environment. */
export interface Injected {
  readonly path: ConfigPath;
  readonly origin: ScalarOrigin;
}

/** Every scalar at or below `node` that refers to the environment. */
export function injectedIn(node: TreeNode, path: ConfigPath = []): Injected[] {
  if (!node.injected) return [];
  if (node.origin !== null) return [{ path, origin: node.origin }];
  const entries = Array.from(node.entries ?? [], ([key, entry]) => injectedIn(entry.node, [...path, key]));
  const items = (node.items ?? []).map((item, i) => injectedIn(item, [...path, i]));
  return [...entries, ...items].flat();
}

/** The secrets among what the environment put into the document `root`: what stands at a public place is none. */
export function secretsIn(root: TreeNode | null, schema: object): SecretText[] {
  if (root === null) return [];
  return injectedIn(root)
    .filter(({ path }) => mayBeSecret(schema, path))
    .flatMap(({ origin }) => secretsOf(origin));
}

/** What stands in a name is written in the file for all to read: no secret, though a variable hold it too. */
export function withoutNames(secrets: readonly SecretText[], names: readonly string[]): SecretText[] {
  const longest = names.reduce((length, name) => Math.max(length, name.length), 0);
  const all = names.join('\n');
  return secrets.filter(({ value }) => value.length > longest || !all.includes(value));
}

/** Each variable's value, and the whole text, which may be long enough to be told apart where they are not. */
function secretsOf({ text, written, values }: ScalarOrigin): readonly SecretText[] {
  return values.length === 0 ? [] : [...values, { value: text, reference: written }];
}
