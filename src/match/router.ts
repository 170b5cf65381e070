/**
 * Which route takes a request. Of all routes that match, the most specific wins, compared in this order:
 *
 * 1. host: exact, then `*.example.com` with the longest suffix, then `*`;
 * 2. path, segment by segment from the left: exact, `:param`, `*`, then `**`;
 * 3. more header conditions, then more of them with an exact value (and not `*`, "is there");
 * 4. a country condition before none;
 * 5. a method condition before none;
 * 6. the order written.
 *
 * The cost of a search depends on the path's length and on patterns that overlap, not on how many routes there are.
 */
import type { Fields } from '../fields/fields.ts';
import { USUAL_METHODS } from '../methods.ts';
import { finish, type Steps } from '../slices.ts';
import type { MatchPlan } from '../types/plan.ts';
import type { Entry } from './leaf.ts';
import { withoutParameters } from './path.ts';
import { parsePattern } from './pattern.ts';
import { PathTable } from './trie.ts';

/** A route to be found. */
export interface Routed<T> {
  readonly match: MatchPlan;
  readonly value: T;
}

/**
 * - `*.example.com` matches every name below `example.com`, however deep, and not `example.com` itself.
 * - `/a/**` matches `/a`, `/a/` and all below, so that a rule which closes a tree closes its root too.
 * - `:param` and `*` match one segment that is not empty; `/a` and `/a/` are two paths.
 * - of a header sent more than once every field is looked at: an exact value matches where one of them has it, so that a
 *   rule is not walked round by another field beside; nor by `X_Role` for `x-role`, which many servers cannot tell apart.
 * - segments are matched without their parameters, `/a;v=1/b` as `/a/b`: many servers behind us drop them, and would
 *   serve what a rule on `/a/b` has closed.
 * - a route without methods takes any but TRACE, which a route must name: what it sends goes back to the client.
 * - `OPTIONS *` asks about the server and no resource: no route matches the path `*`.
 */
export class Router<T> {
  readonly #exact = new Map<string, PathTable<T>>();
  /** By what follows the `*.`. */
  readonly #wildcard = new Map<string, PathTable<T>>();
  #any: PathTable<T> | null = null;
  /** Labels in the longest wildcard's suffix: a host's labels beyond need no look. */
  #depth = 0;

  private constructor() {}

  /** @throws {Error} where a path is no pattern; the plan has checked that. */
  static of<T>(routes: readonly Routed<T>[]): Router<T> {
    return finish(Router.inSteps(routes));
  }

  /** {@link of} in steps, a few for each route. */
  static *inSteps<T>(routes: readonly Routed<T>[]): Steps<Router<T>> {
    const router = new Router<T>();
    for (const { match, value } of routes) {
      router.#add(match, value);
      yield;
    }
    for (const table of router.#tables()) yield* table.seal();
    return router;
  }

  *#tables(): Generator<PathTable<T>, void, void> {
    yield* this.#exact.values();
    yield* this.#wildcard.values();
    if (this.#any !== null) yield this.#any;
  }

  #add(match: MatchPlan, value: T): void {
    const pattern = parsePattern(match.path);
    if ('problem' in pattern) throw new Error(`${match.path}: ${pattern.problem}`);
    for (const host of new Set(hostsOf(match))) this.#tableOf(host).add(pattern, match, value);
  }

  #tableOf(host: string): PathTable<T> {
    if (host === '*') {
      this.#any ??= new PathTable<T>();
      return this.#any;
    }
    if (!host.startsWith('*.')) return tableIn(this.#exact, host);
    const suffix = host.slice(2);
    this.#depth = Math.max(this.#depth, suffix.split('.').length);
    return tableIn(this.#wildcard, suffix);
  }

  /** The route for a request, or null. `host` is lower case and without a port, `path` in normal form. */
  find(method: string, host: string, path: string, headers: Fields, country: string): T | null {
    const bare = withoutParameters(path);
    let entry: Entry<T> | null = null;
    if (this.#exact.size > 0) entry = this.#exact.get(host)?.find(method, bare, headers, country) ?? null;
    if (entry === null && this.#depth > 0)
      for (let dot = this.#firstDot(host); dot >= 0 && entry === null; dot = host.indexOf('.', dot + 1))
        entry = this.#wildcard.get(host.slice(dot + 1))?.find(method, bare, headers, country) ?? null;
    if (entry === null && this.#any !== null) entry = this.#any.find(method, bare, headers, country);
    return entry === null ? null : entry.value;
  }

  /**
   * Methods with which the request would find a route, sorted: the `Allow` of a 405 (RFC 9110 §15.5.6). Empty where no
   * method would help: a 404.
   */
  allowed(host: string, path: string, headers: Fields, country: string): string[] {
    const entries: Entry<T>[] = [];
    const bare = withoutParameters(path);
    for (const table of this.#tablesFor(host)) table.collect(bare, headers, country, entries);
    const methods = new Set<string>();
    for (const entry of entries) for (const method of entry.methods ?? USUAL_METHODS) methods.add(method);
    return [...methods].sort();
  }

  /** Methods that some route of the host takes, sorted: what `OPTIONS *` is told. Empty where the host has no route. */
  methodsOf(host: string): string[] {
    const methods = new Set<string>();
    for (const table of this.#tablesFor(host)) for (const method of table.methods) methods.add(method);
    return [...methods].sort();
  }

  #tablesFor(host: string): PathTable<T>[] {
    const tables = [this.#exact.get(host)];
    for (let dot = this.#firstDot(host); dot >= 0; dot = host.indexOf('.', dot + 1))
      tables.push(this.#wildcard.get(host.slice(dot + 1)));
    tables.push(this.#any ?? undefined);
    return tables.filter((table) => table !== undefined);
  }

  /** Offset of the dot before the longest suffix that a wildcard could have, or -1. Bounded whatever the host is. */
  #firstDot(host: string): number {
    let dot = -1;
    let from = host.length;
    for (let labels = 0; labels < this.#depth && from > 0; labels++) {
      const next = host.lastIndexOf('.', from - 1);
      if (next < 0) break;
      dot = from = next;
    }
    return dot;
  }
}

function tableIn<T>(tables: Map<string, PathTable<T>>, key: string): PathTable<T> {
  let table = tables.get(key);
  if (table === undefined) {
    table = new PathTable<T>();
    tables.set(key, table);
  }
  return table;
}

/** Hosts of a match; none written means any. */
export function hostsOf(match: MatchPlan): readonly string[] {
  return match.hosts.length === 0 ? ['*'] : match.hosts;
}
