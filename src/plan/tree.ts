/**
 * The parser's nodes → {@link TreeNode}s. Own conversion, because the parser's `toJS` loses places, keeps the last of
 * duplicate keys and follows aliases without counting what they expand to.
 */
import { isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, type Scalar, type YAMLMap } from 'yaml';
import { type Environment, mentionsEnv, substituteEnv } from './environment.ts';
import type { ProblemList } from './problems.ts';
import { oddNumber } from './scalars.ts';
import type { Source, TreeEntry, TreeNode } from './source.ts';

const MOST_EXPANDED = 10_000;
/** Characters of a text that count as one value more where an alias stands for it. */
const VALUE_LENGTH = 256;
/** Characters that variables may put into one file: as many as may be written in it. */
const MOST_INJECTED = 2 * 1024 ** 2;
const DEEPEST = 64;
const MOST_QUOTED = 30;

/** State of one conversion. */
interface Build {
  readonly source: Source;
  readonly env: Environment;
  readonly problems: ProblemList;
  /** By anchor; null while the anchored node is still being built. */
  readonly anchors: Map<string, TreeNode | null>;
  /** What aliases stand for, in all, by {@link TreeNode.size}. */
  expanded: number;
  /** Characters that variables have put in. */
  injected: number;
}

/** Converts the contents of a document, reporting every trap on the way. */
export function buildTree(contents: ParsedNode, source: Source, env: Environment, problems: ProblemList): TreeNode {
  return convert(contents, 0, { source, env, problems, anchors: new Map(), expanded: 0, injected: 0 });
}

function convert(node: ParsedNode, depth: number, build: Build): TreeNode {
  if (isAlias(node)) return convertAlias(node, build);
  const anchor = node.anchor;
  if (anchor) build.anchors.set(anchor, null);
  const made = convertPlain(node, depth, build);
  if (anchor) build.anchors.set(anchor, made);
  return made;
}

function convertPlain(
  node: Exclude<ParsedNode, { source: string; type: 'ALIAS' }>,
  depth: number,
  build: Build,
): TreeNode {
  if (node.tag !== undefined && reportTag(node, build)) return lostLeaf(node);
  if (depth > DEEPEST && !isScalar(node)) {
    reportTooDeep(build.source, node.range[0], build.problems);
    return lostLeaf(node);
  }
  if (isMap(node)) return convertMap(node as YAMLMap.Parsed, depth, build);
  if (isSeq(node)) {
    const items = (node.items as (ParsedNode | null)[]).map((item) => convert(item as ParsedNode, depth + 1, build));
    return {
      ...span(node),
      value: items.map((i) => i.value),
      entries: null,
      items,
      origin: null,
      ...sumOf(items, false),
    };
  }
  return convertScalar(node as Scalar.Parsed, build);
}

/** Reports nesting that no rule needs, at the value that is too deep. */
export function reportTooDeep(source: Source, offset: number, problems: ProblemList): void {
  const hint = 'nothing in rules nests so deeply: is a bracket or an indent not meant?';
  problems.error({ source, offset }, 'too-deep', `values nest deeper than ${DEEPEST} levels`, hint);
}

const YAML_TAG = 'tag:yaml.org,2002:';

/** Tags that say no more than what JSON has, and the type of the value under each; '' where it is no scalar. */
const TAGS: Readonly<Record<string, string>> = Object.freeze({
  map: '',
  seq: '',
  str: 'string',
  int: 'number',
  float: 'number',
  bool: 'boolean',
  null: 'object',
});

/** True where the node has a tag that is not read, which is then a problem. */
function reportTag(node: { tag?: string; value?: unknown; range: readonly number[] | null }, build: Build): boolean {
  const tag = node.tag ?? '';
  const name = tag.startsWith(YAML_TAG) ? tag.slice(YAML_TAG.length) : '';
  const type = TAGS[name];
  if (type !== undefined && (type === '' ? fits(node, name) : typeof node.value === type)) return false;
  const spot = { source: build.source, offset: node.range?.[0] ?? 0 };
  // A tag of no known kind is not told: it may be a secret that begins with `!`, whose quotes were forgotten.
  const shown = `!!${name}`;
  if (type !== undefined) {
    build.problems.error(spot, 'bad-tag', `this cannot be read as ${shown}`, 'remove the tag, or correct the value');
  } else {
    const hint = 'remove the tag: rules hold strings, numbers, true, false, null, lists and maps';
    const message = name === '' ? 'tags are not supported' : `the tag ${shown} is not read`;
    build.problems.error(
      spot,
      'bad-tag',
      message,
      name === '' ? `${hint}; quote a string that begins with \`!\`` : hint,
    );
  }
  return true;
}

/** The parser takes a list that is tagged as a map for a list. */
function fits(node: object, name: string): boolean {
  return name === 'map' ? isMap(node) : isSeq(node);
}

function convertNumber(node: Scalar.Parsed, value: number, build: Build): TreeNode {
  const odd = oddNumber(node.source ?? '', value);
  if (odd === null) return leaf(value, node);
  build.problems.error({ source: build.source, offset: node.range[0] }, 'odd-number', odd.why, odd.hint);
  return lostLeaf(node);
}

function convertScalar(node: Scalar.Parsed, build: Build): TreeNode {
  const { value } = node;
  if (typeof value === 'number' || typeof value === 'bigint') return convertNumber(node, Number(value), build);
  if (typeof value !== 'string' || !mentionsEnv(value)) return leaf(value, node);
  const most = MOST_INJECTED - build.injected;
  const { missing, malformed, injected, ...origin } = substituteEnv(value, build.env, most);
  const tooLong = injected > most;
  build.injected += tooLong ? Number.POSITIVE_INFINITY : injected;
  const spot = { source: build.source, offset: node.range[0] };
  if (malformed >= 0) {
    const found = malformedReference(value.slice(malformed));
    const message = `\`${found}\` is not a reference to an environment variable`;
    build.problems.error(spot, 'bad-env', message, 'write ${env:NAME} or ${env:NAME:-default}');
  }
  for (const name of missing) build.problems.missingVariable(spot, name);
  if (tooLong && most >= 0) {
    const message = `environment variables put more than ${MOST_INJECTED / 1024 ** 2} MiB into this file`;
    build.problems.error(spot, 'file-too-large', message, 'refer to them less often, or put less into them');
  }
  const standIn = missing.length > 0 && build.problems.takesStandIns;
  const lost = malformed >= 0 || tooLong || (missing.length > 0 && !standIn);
  const made = { ...leaf(origin.text, node), origin, injected: true, lost, whole: !lost };
  return remember(standIn ? { ...made, standIn } : made, build);
}

/** The source knows every scalar with an origin by its place, so that messages about it can quote what is written. */
function remember(node: TreeNode, build: Build): TreeNode {
  if (node.origin !== null) build.source.inject(node);
  return node;
}

/** To its closing brace, but not far into what follows: that may be a secret which is written out. */
function malformedReference(text: string): string {
  return /^\$\{env:[^\s"'`]*\}/.exec(text)?.[0].slice(0, MOST_QUOTED) ?? /^\$\{env:[A-Za-z0-9_]*/.exec(text)?.[0] ?? '';
}

function convertMap(node: YAMLMap.Parsed, depth: number, build: Build): TreeNode {
  const entries = new Map<string, TreeEntry>();
  let lost = false;
  for (const pair of node.items) {
    const key = keyOf(pair, build);
    if (key === null) {
      lost = true;
      continue;
    }
    const at = (pair.key as ParsedNode).range[0];
    const earlier = entries.get(key);
    if (earlier) {
      reportDuplicate(key, earlier.at, at, depth, build);
      continue;
    }
    const child = pair.value ? convert(pair.value, depth + 1, build) : leaf(null, pair.key as ParsedNode);
    entries.set(key, { at, node: child });
  }
  const nodes = Array.from(entries.values(), (entry) => entry.node);
  const value = Object.fromEntries(Array.from(entries, ([key, entry]) => [key, entry.node.value]));
  const sum = sumOf(nodes, lost);
  const size = [...entries.keys()].reduce((total, key) => total + sizeOf(key) - 1, sum.size);
  return { ...span(node), value, entries, items: null, origin: null, ...sum, size };
}

function reportDuplicate(key: string, first: number, second: number, depth: number, build: Build): void {
  const { line } = build.source.place(first);
  const message = `the key \`${key}\` appears here and on line ${line}`;
  build.problems.error({ source: build.source, offset: second }, 'duplicate-key', message, 'keep one of them');
  // What stood in a second `routes:` is not looked at, so its names are not known.
  if (depth === 0) build.source.lossy = true;
}

/** The key's text, or null where the entry is left out because of a problem. */
function keyOf(pair: Pair<ParsedNode, ParsedNode | null>, build: Build): string | null {
  const { key } = pair;
  const fail = (code: 'bad-key' | 'merge-key' | 'unquoted-key', message: string, hint: string): null => {
    build.problems.error({ source: build.source, offset: key?.range?.[0] ?? 0 }, code, message, hint);
    return null;
  };
  if (isScalar(key) && key.tag !== undefined && reportTag(key, build)) return null;
  if (!isScalar(key)) return fail('bad-key', 'a key must be a plain text', 'quote it if it holds { or [');
  const text = typeof key.value === 'string' ? key.value : String(key.source ?? key.value ?? '');
  if (typeof key.value !== 'string') {
    if (text === '') return fail('bad-key', 'a key is empty', 'write a name before the colon');
    return fail('unquoted-key', `YAML reads the key \`${text}\` as ${kindOf(key.value)}`, `quote it: "${text}"`);
  }
  if (text === '<<' && key.type === 'PLAIN')
    return fail('merge-key', 'merge keys (<<) are not supported', 'write the keys out where they are meant');
  if (text === '__proto__') return fail('bad-key', '`__proto__` cannot be a key', 'choose another name');
  return text;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'boolean' ? `${value}` : 'a number';
}

function convertAlias(node: ParsedNode & { source: string }, build: Build): TreeNode {
  const target = build.anchors.get(node.source);
  const spot = { source: build.source, offset: node.range[0] };
  if (!target) {
    const message = `the anchor of this alias ${target === null ? 'contains it' : 'is not defined before it'}`;
    // Not its name: that may be a secret whose quotes were forgotten.
    build.problems.error(spot, 'bad-alias', message, 'write out what is meant, or quote a value that begins with `*`');
    return lostLeaf(node);
  }
  const before = build.expanded;
  build.expanded += target.size;
  if (target.standIn) build.problems.standsIn(spot);
  if (build.expanded <= MOST_EXPANDED) return remember({ ...target, ...span(node) }, build);
  if (before <= MOST_EXPANDED) {
    const message = `aliases stand for more than ${MOST_EXPANDED} values, long texts counted as several`;
    build.problems.error(spot, 'alias-bomb', message, 'write them out');
  }
  return lostLeaf(node);
}

function leaf(value: unknown, node: ParsedNode): TreeNode {
  const rest = { entries: null, items: null, origin: null, injected: false, lost: false, whole: true };
  return { ...span(node), value, ...rest, size: typeof value === 'string' ? sizeOf(value) : 1 };
}

/** How many values a text counts as. */
function sizeOf(text: string): number {
  return 1 + Math.floor(text.length / VALUE_LENGTH);
}

function lostLeaf(node: ParsedNode): TreeNode {
  return { ...leaf(null, node), lost: true, whole: false };
}

function span(node: ParsedNode): { at: number; end: number } {
  return { at: node.range[0], end: node.range[1] };
}

function sumOf(nodes: readonly TreeNode[], lost: boolean): Pick<TreeNode, 'injected' | 'lost' | 'whole' | 'size'> {
  const size = nodes.reduce((sum, node) => sum + node.size, 1);
  const injected = nodes.some((node) => node.injected);
  return { injected, lost, whole: !lost && nodes.every((node) => node.whole), size };
}
