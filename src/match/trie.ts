/** Path patterns as a tree, one level per segment. A search visits a node at most once, the most specific first. */
import { type HeaderList, USUAL_METHODS } from '../headers.ts';
import type { MatchPlan } from '../types/plan.ts';
import { type Entry, impliedMethods, Leaf } from './leaf.ts';
import type { Pattern } from './pattern.ts';

/** Up to so many exact segments are compared in place, which allocates nothing; more go through a map. */
const COMPARED = 4;

/** Routes of one host. Add every route in the order written, then `seal`. */
export class PathTable<T> {
  /** Patterns of exact segments only, by the whole path: they beat all others, and one lookup finds them. */
  readonly #exact = new Map<string, Leaf<T>>();
  #root: Node<T> | null = null;
  /** What its routes take together. */
  readonly methods = new Set<string>();

  add(pattern: Pattern, match: MatchPlan, value: T): void {
    for (const method of impliedMethods(match.methods) ?? USUAL_METHODS) this.methods.add(method);
    if (pattern.segments.every(({ kind }) => kind === 'exact')) leafOf(this.#exact, pattern.text).add(match, value);
    else {
      this.#root ??= new Node<T>();
      this.#root.add(pattern, 0, match, value);
    }
  }

  seal(): void {
    for (const leaf of this.#exact.values()) leaf.seal();
    this.#root?.seal();
  }

  find(method: string, path: string, headers: HeaderList, country: string): Entry<T> | null {
    const entry = this.#exact.get(path)?.pick(method, headers, country);
    if (entry !== undefined && entry !== null) return entry;
    if (this.#root === null || path.charCodeAt(0) !== 0x2f) return null;
    return this.#root.find(path, 0, method, headers, country);
  }

  collect(path: string, headers: HeaderList, country: string, out: Entry<T>[]): void {
    this.#exact.get(path)?.collect(headers, country, out);
    if (path.charCodeAt(0) === 0x2f) this.#root?.collect(path, 0, headers, country, out);
  }
}

function leafOf<T>(leaves: Map<string, Leaf<T>>, path: string): Leaf<T> {
  let leaf = leaves.get(path);
  if (leaf === undefined) {
    leaf = new Leaf<T>();
    leaves.set(path, leaf);
  }
  return leaf;
}

/** `at` is everywhere the offset of the `/` before the next segment, or the path's length at its end. */
class Node<T> {
  readonly #texts: string[] = [];
  readonly #children: Node<T>[] = [];
  readonly #byText = new Map<string, Node<T>>();
  #param: Node<T> | null = null;
  #one: Node<T> | null = null;
  /** Patterns that end here, and those that go on with `**`. */
  #end: Leaf<T> | null = null;
  #rest: Leaf<T> | null = null;

  add(pattern: Pattern, index: number, match: MatchPlan, value: T): void {
    const segment = pattern.segments[index];
    if (segment === undefined) {
      this.#end ??= new Leaf<T>();
      this.#end.add(match, value);
    } else if (segment.kind === 'rest') {
      this.#rest ??= new Leaf<T>();
      this.#rest.add(match, value);
    } else if (segment.kind === 'exact') this.#exactChild(segment.text).add(pattern, index + 1, match, value);
    else if (segment.kind === 'param') {
      this.#param ??= new Node<T>();
      this.#param.add(pattern, index + 1, match, value);
    } else {
      this.#one ??= new Node<T>();
      this.#one.add(pattern, index + 1, match, value);
    }
  }

  #exactChild(text: string): Node<T> {
    let child = this.#byText.get(text);
    if (child === undefined) {
      child = new Node<T>();
      this.#byText.set(text, child);
      this.#texts.push(text);
      this.#children.push(child);
    }
    return child;
  }

  seal(): void {
    this.#end?.seal();
    this.#rest?.seal();
    this.#param?.seal();
    this.#one?.seal();
    for (const child of this.#children) child.seal();
  }

  find(path: string, at: number, method: string, headers: HeaderList, country: string): Entry<T> | null {
    let entry: Entry<T> | null = null;
    if (at < path.length) entry = this.#descend(path, at, method, headers, country);
    else if (this.#end !== null) entry = this.#end.pick(method, headers, country);
    if (entry !== null || this.#rest === null) return entry;
    return this.#rest.pick(method, headers, country);
  }

  #descend(path: string, at: number, method: string, headers: HeaderList, country: string): Entry<T> | null {
    const end = segmentEnd(path, at + 1);
    const child = this.#childFor(path, at + 1, end);
    let entry = child === null ? null : child.find(path, end, method, headers, country);
    if (entry !== null || end === at + 1) return entry;
    if (this.#param !== null) entry = this.#param.find(path, end, method, headers, country);
    if (entry === null && this.#one !== null) entry = this.#one.find(path, end, method, headers, country);
    return entry;
  }

  #childFor(path: string, start: number, end: number): Node<T> | null {
    const texts = this.#texts;
    if (texts.length > COMPARED) return this.#byText.get(path.slice(start, end)) ?? null;
    for (let i = 0; i < texts.length; i++)
      if (texts[i].length === end - start && path.startsWith(texts[i], start)) return this.#children[i];
    return null;
  }

  collect(path: string, at: number, headers: HeaderList, country: string, out: Entry<T>[]): void {
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
