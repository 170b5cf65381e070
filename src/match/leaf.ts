/** The routes that share one host and one path pattern, and which of them takes a request. */
import { type HeaderList, indexOfHeader } from '../headers.ts';
import type { MatchPlan } from '../types/plan.ts';

/** Stands for "any value" in a header condition. */
const PRESENT = '*';

/** A route among those of its leaf. */
export interface Entry<T> {
  readonly value: T;
  /** Null = any. HEAD is among them where GET is. */
  readonly methods: readonly string[] | null;
  readonly countries: ReadonlySet<string> | null;
  /** Place in the leaf, 0 wins. */
  rank: number;
}

interface Group<T> {
  /** Names of headers that must have an exact value, sorted. */
  readonly exact: readonly string[];
  /** Names of headers that must be there. */
  readonly present: readonly string[];
  /** By the values of `exact`, joined; best first. */
  readonly byValue: Map<string, Entry<T>[]>;
  /** Best rank in the group. */
  readonly first: number;
}

/** Methods with what they imply: GET takes HEAD too (RFC 9110 §9.3.2). Empty = any = null. */
export function impliedMethods(methods: readonly string[]): readonly string[] | null {
  if (methods.length === 0) return null;
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
}

/**
 * How specific the conditions beside host and path are; negative where `a` is the more specific: more header
 * conditions, then more of them with an exact value, then a country condition, then a method condition.
 */
export function compareConditions(a: MatchPlan, b: MatchPlan): number {
  const left = Object.values(a.headers);
  const right = Object.values(b.headers);
  if (left.length !== right.length) return right.length - left.length;
  const exact = right.filter((value) => value !== PRESENT).length - left.filter((value) => value !== PRESENT).length;
  if (exact !== 0) return exact;
  const country = Number(b.countries.length > 0) - Number(a.countries.length > 0);
  return country || Number(b.methods.length > 0) - Number(a.methods.length > 0);
}

/** Add every route in the order written, then `seal`. */
export class Leaf<T> {
  readonly #routes: { readonly match: MatchPlan; readonly entry: Entry<T> }[] = [];
  /** The usual leaf: no header conditions. Best first. */
  #plain: readonly Entry<T>[] | null = null;
  #groups: readonly Group<T>[] = [];

  add(match: MatchPlan, value: T): void {
    const countries = match.countries.length === 0 ? null : new Set(match.countries);
    this.#routes.push({ match, entry: { value, methods: impliedMethods(match.methods), countries, rank: 0 } });
  }

  /** Ranks what was added. */
  seal(): void {
    this.#routes.sort((a, b) => compareConditions(a.match, b.match));
    this.#routes.forEach(({ entry }, rank) => {
      entry.rank = rank;
    });
    if (this.#routes.every(({ match }) => Object.keys(match.headers).length === 0))
      this.#plain = this.#routes.map(({ entry }) => entry);
    else this.#groups = groupByHeaders(this.#routes);
  }

  /** The best route for the request, or null. */
  pick(method: string, headers: HeaderList, country: string): Entry<T> | null {
    if (this.#plain !== null) return firstMatch(this.#plain, method, country);
    let best: Entry<T> | null = null;
    for (const group of this.#groups) {
      if (best !== null && best.rank < group.first) break;
      const entries = candidates(group, headers);
      const entry = entries === undefined ? null : firstMatch(entries, method, country);
      if (entry !== null && (best === null || entry.rank < best.rank)) best = entry;
    }
    return best;
  }

  /** Adds to `out` every route that would take the request with a fitting method. */
  collect(headers: HeaderList, country: string, out: Entry<T>[]): void {
    const add = (entries: readonly Entry<T>[] = []) => {
      for (const entry of entries) if (entry.countries === null || entry.countries.has(country)) out.push(entry);
    };
    if (this.#plain !== null) add(this.#plain);
    else for (const group of this.#groups) add(candidates(group, headers));
  }
}

function firstMatch<T>(entries: readonly Entry<T>[], method: string, country: string): Entry<T> | null {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (entry.methods !== null && !entry.methods.includes(method)) continue;
    if (entry.countries === null || entry.countries.has(country)) return entry;
  }
  return null;
}

/**
 * Routes grouped by which headers they ask for, then by the values: thousands of routes that differ in the value of one
 * header (a tenant, say) cost one lookup.
 */
function groupByHeaders<T>(routes: readonly { match: MatchPlan; entry: Entry<T> }[]): readonly Group<T>[] {
  const groups = new Map<string, Group<T>>();
  for (const { match, entry } of routes) {
    const names = Object.keys(match.headers).sort();
    const exact = names.filter((name) => match.headers[name] !== PRESENT);
    const present = names.filter((name) => match.headers[name] === PRESENT);
    const signature = `${exact.join()} ${present.join()}`;
    let group = groups.get(signature);
    if (group === undefined) {
      group = { exact, present, byValue: new Map(), first: entry.rank };
      groups.set(signature, group);
    }
    const values = exact.map((name) => match.headers[name]).join('\n');
    const entries = group.byValue.get(values);
    if (entries === undefined) group.byValue.set(values, [entry]);
    else entries.push(entry);
  }
  return [...groups.values()];
}

function candidates<T>(group: Group<T>, headers: HeaderList): readonly Entry<T>[] | undefined {
  for (const name of group.present) if (indexOfHeader(headers, name) < 0) return undefined;
  let values = '';
  for (let i = 0; i < group.exact.length; i++) {
    const value = soleValue(headers, group.exact[i]);
    if (value === undefined) return undefined;
    values = i === 0 ? value : `${values}\n${value}`;
  }
  return group.byValue.get(values);
}

/** Value of a field sent once. Several lines are one list (RFC 9110 §5.3), which equals none of its members. */
function soleValue(headers: HeaderList, name: string): string | undefined {
  const at = indexOfHeader(headers, name);
  return at < 0 || indexOfHeader(headers, name, at + 2) >= 0 ? undefined : headers[at + 1];
}
