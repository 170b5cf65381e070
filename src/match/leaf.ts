/** The routes that share one host and one path pattern, and which of them takes a request. */
import type { Fields } from '../fields/fields.ts';
import type { Steps } from '../slices.ts';
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
  readonly root: Branch<T>;
  /** Best rank in the group. */
  readonly first: number;
}

/** Routes by the values of `exact`, one level for each name. */
interface Branch<T> {
  readonly byValue: Map<string, Branch<T>>;
  /** Where every value is matched; best first. */
  readonly entries: Entry<T>[];
}

/** Methods with what they imply: GET takes HEAD too (RFC 9110 §9.3.2). Empty = any = null. */
export function impliedMethods(methods: readonly string[]): readonly string[] | null {
  if (methods.length === 0) return null;
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
}

/** Above any number of header conditions that one route can have: a rules file would have to be gigabytes long. */
const MANY = 2 ** 24;

/**
 * How specific the conditions beside host and path are, more for more: header conditions, then those of them with an
 * exact value, then a country condition, then a method condition.
 */
export function specificity({ headers, countries, methods }: MatchPlan): number {
  let all = 0;
  let exact = 0;
  for (const name in headers) {
    all++;
    if (headers[name] !== PRESENT) exact++;
  }
  return ((all * MANY + exact) * 2 + Number(countries.length > 0)) * 2 + Number(methods.length > 0);
}

const NONE: readonly never[] = Object.freeze([]);

/** A route of a leaf that is not sealed yet. */
interface Added<T> {
  readonly match: MatchPlan;
  readonly entry: Entry<T>;
  readonly specificity: number;
}

/** The routes of one host and one path pattern. */
export interface Routes<T> {
  /** The best route for the request, or null. */
  pick(method: string, headers: Fields, country: string): Entry<T> | null;
  /** Adds to `out` every route that would take the request with a fitting method. */
  collect(headers: Fields, country: string, out: Entry<T>[]): void;
  /** These and one more, written behind them; before they are sealed. */
  and(match: MatchPlan, value: T): Routes<T>;
}

/** A leaf with one route. */
export function leafFor<T>(match: MatchPlan, value: T): Routes<T> {
  if (specificity(match) < MANY) return new OnlyRoute(match, value);
  return new Leaf<T>().and(match, value);
}

/** The usual leaf: one route, without header conditions. It is its own entry, so that a search comes by one object less. */
class OnlyRoute<T> implements Routes<T>, Entry<T> {
  readonly value: T;
  readonly methods: readonly string[] | null;
  readonly countries: ReadonlySet<string> | null;
  readonly rank = 0;
  readonly #match: MatchPlan;

  constructor(match: MatchPlan, value: T) {
    this.value = value;
    this.methods = impliedMethods(match.methods);
    this.countries = countriesOf(match);
    this.#match = match;
  }

  pick(method: string, _headers: Fields, country: string): Entry<T> | null {
    return accepts(this, method, country) ? this : null;
  }

  collect(_headers: Fields, country: string, out: Entry<T>[]): void {
    if (this.countries === null || this.countries.has(country)) out.push(this);
  }

  and(match: MatchPlan, value: T): Routes<T> {
    return new Leaf<T>().and(this.#match, this.value).and(match, value);
  }
}

function countriesOf({ countries }: MatchPlan): ReadonlySet<string> | null {
  return countries.length === 0 ? null : new Set(countries);
}

/** Several routes, or one with header conditions. Add every one in the order written, then `seal`. */
export class Leaf<T> implements Routes<T> {
  readonly #routes: Added<T>[] = [];
  /** Where no route has header conditions. Best first. */
  #plain: readonly Entry<T>[] | null = null;
  #groups: readonly Group<T>[] = NONE;

  and(match: MatchPlan, value: T): this {
    const entry = { value, methods: impliedMethods(match.methods), countries: countriesOf(match), rank: 0 };
    this.#routes.push({ match, entry, specificity: specificity(match) });
    return this;
  }

  /** Ranks what was added, in a step for each route that asks for headers. */
  *seal(): Steps<void> {
    const routes = this.#routes.toSorted((a, b) => b.specificity - a.specificity);
    routes.forEach(({ entry }, rank) => {
      entry.rank = rank;
    });
    // Ranked by headers first: where the best asks for none, none does.
    if (routes[0]!.specificity < MANY) this.#plain = routes.map(({ entry }) => entry);
    else this.#groups = yield* groupByHeaders(routes);
    this.#routes.length = 0;
    yield;
  }

  pick(method: string, headers: Fields, country: string): Entry<T> | null {
    if (this.#plain !== null) return firstMatch(this.#plain, method, country);
    let best: Entry<T> | null = null;
    for (const group of this.#groups) {
      if (best !== null && best.rank < group.first) break;
      for (const { entries } of candidates(group, headers)) {
        const entry = firstMatch(entries, method, country);
        if (entry !== null && (best === null || entry.rank < best.rank)) best = entry;
      }
    }
    return best;
  }

  collect(headers: Fields, country: string, out: Entry<T>[]): void {
    const add = (entries: readonly Entry<T>[]) => {
      for (const entry of entries) if (entry.countries === null || entry.countries.has(country)) out.push(entry);
    };
    if (this.#plain !== null) add(this.#plain);
    else for (const group of this.#groups) for (const { entries } of candidates(group, headers)) add(entries);
  }
}

/** TRACE is never meant by "any": what a route sends upstream goes back to whoever asks (RFC 9110 §9.3.8). */
function takes(methods: readonly string[] | null, method: string): boolean {
  return methods === null ? method !== 'TRACE' : methods.includes(method);
}

function firstMatch<T>(entries: readonly Entry<T>[], method: string, country: string): Entry<T> | null {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (accepts(entry, method, country)) return entry;
  }
  return null;
}

function accepts<T>({ methods, countries }: Entry<T>, method: string, country: string): boolean {
  return takes(methods, method) && (countries === null || countries.has(country));
}

/**
 * Routes grouped by which headers they ask for, then by the values: thousands of routes that differ in the value of one
 * header (a tenant, say) cost one lookup.
 */
function* groupByHeaders<T>(routes: readonly Added<T>[]): Steps<readonly Group<T>[]> {
  const groups = new Map<string, Group<T>>();
  for (const { match, entry } of routes) {
    const names = Object.keys(match.headers).sort();
    const exact = names.filter((name) => match.headers[name] !== PRESENT);
    const present = names.filter((name) => match.headers[name] === PRESENT);
    const signature = `${exact.join()} ${present.join()}`;
    let group = groups.get(signature);
    if (group === undefined) {
      group = { exact, present, root: branch(), first: entry.rank };
      groups.set(signature, group);
    }
    let at = group.root;
    for (const name of exact) at = child(at, match.headers[name]!);
    at.entries.push(entry);
    yield;
  }
  return [...groups.values()];
}

function branch<T>(): Branch<T> {
  return { byValue: new Map(), entries: [] };
}

function child<T>(of: Branch<T>, value: string): Branch<T> {
  const known = of.byValue.get(value);
  if (known !== undefined) return known;
  const made = branch<T>();
  of.byValue.set(value, made);
  return made;
}

const NO_BRANCHES: readonly never[] = [];

/**
 * What of a group the fields of a request match. A name that was sent more than once matches with each of its values: a
 * request must not escape a rule by another field beside the one it names. Every branch is visited once, however many
 * fields there are.
 */
function candidates<T>(group: Group<T>, headers: Fields): readonly Branch<T>[] {
  for (const name of group.present) if (headers.indexOfTwin(name) < 0) return NO_BRANCHES;
  let found: readonly Branch<T>[] = [group.root];
  for (const name of group.exact) {
    const values = valuesOf(headers, name);
    if (values === null) return NO_BRANCHES;
    if (typeof values === 'string') found = matched(found, values);
    else found = found.flatMap((of) => matchedBy(of, values));
    if (found.length === 0) return NO_BRANCHES;
  }
  return found;
}

function matched<T>(found: readonly Branch<T>[], value: string): readonly Branch<T>[] {
  const next: Branch<T>[] = [];
  for (const { byValue } of found) {
    const branch = byValue.get(value);
    if (branch !== undefined) next.push(branch);
  }
  return next;
}

/** Goes through whichever is fewer: the values that rules name, or those that were sent. */
function matchedBy<T>({ byValue }: Branch<T>, values: ReadonlySet<string>): Branch<T>[] {
  const next: Branch<T>[] = [];
  if (byValue.size < values.size) {
    for (const [value, branch] of byValue) if (values.has(value)) next.push(branch);
    return next;
  }
  for (const value of values) {
    const branch = byValue.get(value);
    if (branch !== undefined) next.push(branch);
  }
  return next;
}

/** The value of a field (`_` is read as `-`, see {@link indexOfTwin}) sent once, or the different ones of a field sent more than once; null where there is none. */
function valuesOf(headers: Fields, name: string): string | ReadonlySet<string> | null {
  const first = headers.indexOfTwin(name);
  if (first < 0) return null;
  let next = headers.indexOfTwin(name, first + 1);
  if (next < 0) return headers.value(first);
  const values = new Set([headers.value(first)]);
  for (; next >= 0; next = headers.indexOfTwin(name, next + 1)) values.add(headers.value(next));
  return values;
}
