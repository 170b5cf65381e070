/** Path patterns as a tree, one level per segment. A search visits a node at most once, the most specific first. */
import type { Fields } from '../fields/fields.ts';
import { USUAL_METHODS } from '../methods.ts';
import type { MatchPlan } from '../types/plan.ts';
import { type Entry, impliedMethods, Leaf } from './leaf.ts';
import type { Pattern } from './pattern.ts';

const NONE: readonly never[] = Object.freeze([]);

/** Up to so many exact segments are compared in place, which allocates nothing; more go through a map. */
const COMPARED = 4;

/** Routes of one host, added in the order written. */
export class PathTable<T> {
  /** Patterns of exact segments only, by the whole path: they beat all others, and one lookup finds them. */
  readonly #exact = new Map<string, Leaf<T>>();
  #root: Node<T> | null = null;
  /** What its routes take together. */
  readonly methods = new Set<string>();

  /** Puts the leaf that it makes, if it makes one, into `leaves`: all must be sealed before the first search. */
  add(pattern: Pattern, match: MatchPlan, value: T, leaves: Leaf<T>[]): void {
    for (const method of impliedMethods(match.methods) ?? USUAL_METHODS) this.methods.add(method);
    if (pattern.segments.every(({ kind }) => kind === 'exact'))
      leafOf(this.#exact, pattern.text, leaves).add(match, value);
    else {
      this.#root ??= new Node<T>();
      this.#root.add(pattern, 0, match, value, leaves);
    }
  }

  find(method: string, path: string, headers: Fields, country: string): Entry<T> | null {
    const entry = this.#exact.get(path)?.pick(method, headers, country);
    if (entry !== undefined && entry !== null) return entry;
    if (this.#root === null || path.charCodeAt(0) !== 0x2f) return null;
    return this.#root.find(path, 0, method, headers, country);
  }

  collect(path: string, headers: Fields, country: string, out: Entry<T>[]): void {
    this.#exact.get(path)?.collect(headers, country, out);
    if (path.charCodeAt(0) === 0x2f) this.#root?.collect(path, 0, headers, country, out);
  }
}

function leafOf<T>(known: Map<string, Leaf<T>>, path: string, leaves: Leaf<T>[]): Leaf<T> {
  let leaf = known.get(path);
  if (leaf === undefined) {
    leaf = newLeaf(leaves);
    known.set(path, leaf);
  }
  return leaf;
}

function newLeaf<T>(leaves: Leaf<T>[]): Leaf<T> {
  const leaf = new Leaf<T>();
  leaves.push(leaf);
  return leaf;
}

/** `at` is everywhere the offset of the `/` before the next segment, or the path's length at its end. */
class Node<T> {
  /** Few children by their texts, or many in a map. There are as many nodes as routes: what is empty takes no memory. */
  #texts: readonly string[] = NONE;
  #children: readonly Node<T>[] = NONE;
  #byText: Map<string, Node<T>> | null = null;
  #param: Node<T> | null = null;
  #one: Node<T> | null = null;
  /** Patterns that end here, and those that go on with `**`. */
  #end: Leaf<T> | null = null;
  #rest: Leaf<T> | null = null;

  add(pattern: Pattern, index: number, match: MatchPlan, value: T, leaves: Leaf<T>[]): void {
    const segment = pattern.segments[index];
    if (segment === undefined) {
      this.#end ??= newLeaf(leaves);
      this.#end.add(match, value);
    } else if (segment.kind === 'rest') {
      this.#rest ??= newLeaf(leaves);
      this.#rest.add(match, value);
    } else if (segment.kind === 'exact') this.#exactChild(segment.text).add(pattern, index + 1, match, value, leaves);
    else if (segment.kind === 'param') {
      this.#param ??= new Node<T>();
      this.#param.add(pattern, index + 1, match, value, leaves);
    } else {
      this.#one ??= new Node<T>();
      this.#one.add(pattern, index + 1, match, value, leaves);
    }
  }

  #exactChild(text: string): Node<T> {
    const at = this.#texts.indexOf(text);
    const known = at >= 0 ? this.#children[at] : this.#byText?.get(text);
    if (known !== undefined) return known;
    const child = new Node<T>();
    this.#addChild(text, child);
    return child;
  }

  #addChild(text: string, child: Node<T>): void {
    if (this.#byText !== null) this.#byText.set(text, child);
    else if (this.#texts.length < COMPARED) {
      // Copied to the length that is needed: an array that is pushed to has room for seventeen.
      this.#texts = [...this.#texts, text];
      this.#children = [...this.#children, child];
    } else {
      this.#byText = new Map(this.#texts.map((known, i) => [known, this.#children[i]!]));
      this.#byText.set(text, child);
      this.#texts = NONE;
      this.#children = NONE;
    }
  }

  find(path: string, at: number, method: string, headers: Fields, country: string): Entry<T> | null {
    let entry: Entry<T> | null = null;
    if (at < path.length) entry = this.#descend(path, at, method, headers, country);
    else if (this.#end !== null) entry = this.#end.pick(method, headers, country);
    if (entry !== null || this.#rest === null) return entry;
    return this.#rest.pick(method, headers, country);
  }

  #descend(path: string, at: number, method: string, headers: Fields, country: string): Entry<T> | null {
    const end = segmentEnd(path, at + 1);
    const child = this.#childFor(path, at + 1, end);
    let entry = child === null ? null : child.find(path, end, method, headers, country);
    if (entry !== null || end === at + 1) return entry;
    if (this.#param !== null) entry = this.#param.find(path, end, method, headers, country);
    if (entry === null && this.#one !== null) entry = this.#one.find(path, end, method, headers, country);
    return entry;
  }

  #childFor(path: string, start: number, end: number): Node<T> | null {
    if (this.#byText !== null) return this.#byText.get(path.slice(start, end)) ?? null;
    const texts = this.#texts;
    for (let i = 0; i < texts.length; i++)
      if (texts[i]!.length === end - start && path.startsWith(texts[i]!, start)) return this.#children[i]!;
    return null;
  }

  collect(path: string, at: number, headers: Fields, country: string, out: Entry<T>[]): void {
    this.#rest?.collect(headers, country, out);
    if (at >= path.length) {
      this.#end?.collect(headers, country, out);
      return;
    }
    const end = segmentEnd(path, at + 1);
    this.#childFor(path, at + 1, end)?.collect(path, end, headers, country, out);
    if (end === at + 1) return;
    this.#param?.collect(path, end, headers, country, out);
    this.#one?.collect(path, end, headers, country, out);
  }
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}
