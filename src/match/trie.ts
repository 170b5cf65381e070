/** Path patterns as a tree, one level per segment. A search visits a node at most once, the most specific first. */
import type { Fields } from '../fields/fields.ts';
import { USUAL_METHODS } from '../methods.ts';
import type { Steps } from '../slices.ts';
import type { MatchPlan } from '../types/plan.ts';
import { type Entry, impliedMethods, Leaf, leafFor, type Routes } from './leaf.ts';
import { END, Nodes, ONE, PARAM, REST } from './nodes.ts';
import type { Pattern } from './pattern.ts';

/** Routes of one host, added in the order written, then sealed. */
export class PathTable<T> {
  /** Patterns of exact segments only, by the whole path: they beat all others, and one lookup finds them. Numbers of leaves. */
  readonly #exact = new Map<string, number>();
  #nodes: Nodes | null = null;
  /** By their numbers, counted from 1. */
  readonly #leaves: Routes<T>[] = [];
  /** What its routes take together. */
  readonly methods = new Set<string>();

  add(pattern: Pattern, match: MatchPlan, value: T): void {
    for (const method of impliedMethods(match.methods) ?? USUAL_METHODS) this.methods.add(method);
    if (pattern.segments.every(({ kind }) => kind === 'exact')) {
      const known = this.#exact.get(pattern.text) ?? 0;
      const leaf = this.#addTo(known, match, value);
      if (known === 0) this.#exact.set(pattern.text, leaf);
      return;
    }
    this.#nodes ??= new Nodes();
    const nodes = this.#nodes;
    const rest = pattern.segments.at(-1)!.kind === 'rest';
    const node = nodeOf(nodes, pattern);
    const field = rest ? REST : END;
    nodes.set(node, field, this.#addTo(nodes.get(node, field), match, value));
  }

  /** Gives the number of the leaf: a new one for 0. */
  #addTo(leaf: number, match: MatchPlan, value: T): number {
    if (leaf === 0) return this.#leaves.push(leafFor(match, value));
    this.#leaves[leaf - 1] = this.#leaves[leaf - 1]!.and(match, value);
    return leaf;
  }

  /** To be called once, before the first search. */
  *seal(): Steps<void> {
    this.#nodes?.seal();
    for (const leaf of this.#leaves) if (leaf instanceof Leaf) yield* leaf.seal();
  }

  find(method: string, path: string, headers: Fields, country: string): Entry<T> | null {
    const leaf = this.#exact.size === 0 ? undefined : this.#exact.get(path);
    if (leaf !== undefined) {
      const entry = this.#leaves[leaf - 1]!.pick(method, headers, country);
      if (entry !== null) return entry;
    }
    if (this.#nodes === null || path.charCodeAt(0) !== 0x2f) return null;
    return this.#find(this.#nodes, 0, path, 0, method, headers, country);
  }

  /** `at` is everywhere the offset of the `/` before the next segment, or the path's length at its end. */
  #find(
    nodes: Nodes,
    node: number,
    path: string,
    at: number,
    method: string,
    headers: Fields,
    country: string,
  ): Entry<T> | null {
    let entry: Entry<T> | null = null;
    if (at < path.length) entry = this.#descend(nodes, node, path, at, method, headers, country);
    else entry = this.#pick(nodes.get(node, END), method, headers, country);
    return entry ?? this.#pick(nodes.get(node, REST), method, headers, country);
  }

  #pick(leaf: number, method: string, headers: Fields, country: string): Entry<T> | null {
    return leaf === 0 ? null : this.#leaves[leaf - 1]!.pick(method, headers, country);
  }

  #descend(
    nodes: Nodes,
    node: number,
    path: string,
    at: number,
    method: string,
    headers: Fields,
    country: string,
  ): Entry<T> | null {
    const end = segmentEnd(path, at + 1);
    let child = nodes.find(node, path, at + 1, end);
    let entry = child === 0 ? null : this.#find(nodes, child, path, end, method, headers, country);
    if (entry !== null || end === at + 1) return entry;
    child = nodes.get(node, PARAM);
    if (child !== 0) entry = this.#find(nodes, child, path, end, method, headers, country);
    if (entry !== null) return entry;
    child = nodes.get(node, ONE);
    return child === 0 ? null : this.#find(nodes, child, path, end, method, headers, country);
  }

  /** Adds to `out` every route that would take the request with a fitting method. */
  collect(path: string, headers: Fields, country: string, out: Entry<T>[]): void {
    this.#collectLeaf(this.#exact.get(path) ?? 0, headers, country, out);
    if (this.#nodes !== null && path.charCodeAt(0) === 0x2f)
      this.#collect(this.#nodes, 0, path, 0, headers, country, out);
  }

  #collect(
    nodes: Nodes,
    node: number,
    path: string,
    at: number,
    headers: Fields,
    country: string,
    out: Entry<T>[],
  ): void {
    this.#collectLeaf(nodes.get(node, REST), headers, country, out);
    if (at >= path.length) return this.#collectLeaf(nodes.get(node, END), headers, country, out);
    const end = segmentEnd(path, at + 1);
    const below = (child: number): void => {
      if (child !== 0) this.#collect(nodes, child, path, end, headers, country, out);
    };
    below(nodes.find(node, path, at + 1, end));
    if (end === at + 1) return;
    below(nodes.get(node, PARAM));
    below(nodes.get(node, ONE));
  }

  #collectLeaf(leaf: number, headers: Fields, country: string, out: Entry<T>[]): void {
    if (leaf !== 0) this.#leaves[leaf - 1]!.collect(headers, country, out);
  }
}

/** The node where `pattern` ends, or goes on with `**`. */
function nodeOf(nodes: Nodes, { segments }: Pattern): number {
  let node = 0;
  for (const segment of segments) {
    if (segment.kind === 'exact') node = nodes.exactChild(node, segment.text);
    else if (segment.kind !== 'rest') node = nodes.child(node, segment.kind === 'param' ? PARAM : ONE);
  }
  return node;
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}
