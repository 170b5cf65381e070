/**
 * Facts: named strings that templates read. Built-in ones are properties of the exchange; those that policies provide
 * live in numbered slots, so that a read on the hot path is an array index.
 */
import { paramReader } from '../../match/pattern.ts';
import { clientNetwork } from '../../net/address.ts';
import type { Exchange, FactReader } from '../../types/policy.ts';

const BUILT_IN: Readonly<Record<string, FactReader>> = Object.freeze({
  'request.id': (x: Exchange) => x.id,
  'request.method': (x: Exchange) => x.method,
  'request.path': (x: Exchange) => x.path,
  'request.query': (x: Exchange) => x.query,
  'request.host': (x: Exchange) => x.host,
  route: (x: Exchange) => x.route,
  revision: (x: Exchange) => x.revision,
  'client.address': (x: Exchange) => x.client.address,
  'client.network': (x: Exchange) => clientNetwork(x.client.address),
  'client.country': (x: Exchange) => x.client.country,
  'client.continent': (x: Exchange) => x.client.continent,
  'client.region': (x: Exchange) => x.client.region,
  'upstream.name': (x: Exchange) => x.upstream,
  'upstream.endpoint': (x: Exchange) => x.endpoint?.name ?? '',
  'upstream.region': (x: Exchange) => x.endpoint?.region ?? '',
  'reply.status': (x: Exchange) => String((x as Exchange & { replyStatus: number }).replyStatus),
});

/** Value of the first `name` in a query string, percent-decoded; '' where there is none or it cannot be decoded. */
function queryValue(query: string, name: string): string {
  return query === '' ? '' : (new URLSearchParams(query).get(name) ?? '');
}

/** The facts of one rule set: who provides which slot, and the readers that templates compile to. */
export class FactTable {
  readonly #slots = new Map<string, number>();
  readonly #pathOf: (route: string) => string;

  /** `pathOf` gives the path pattern of a route: `path.NAME` means another segment on each. */
  constructor(provided: Iterable<string>, pathOf: (route: string) => string) {
    for (const name of provided) if (!this.#slots.has(name)) this.#slots.set(name, this.#slots.size);
    this.#pathOf = pathOf;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** @throws {Error} where no policy provides the fact: the checks should have refused that before. */
  slot(name: string): number {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new Error(`no policy provides the fact ${name}`);
    return slot;
  }

  /** @throws {Error} likewise. */
  reader(name: string): FactReader {
    const builtIn = BUILT_IN[name];
    if (builtIn) return builtIn;
    const dot = name.indexOf('.');
    const family = name.slice(0, dot);
    const rest = name.slice(dot + 1);
    if (family === 'header') {
      const lower = rest.toLowerCase();
      return (x) => x.headers.get(lower) ?? '';
    }
    if (family === 'query') return (x) => queryValue(x.query, rest);
    if (family === 'path') return this.#pathReader(rest);
    const slot = this.slot(name);
    return (x) => x.facts[slot]!;
  }

  /** A policy may stand on several routes, so the segment is looked up by route, once for each. */
  #pathReader(name: string): FactReader {
    const byRoute = new Map<string, (path: string) => string>();
    return (x) => {
      let read = byRoute.get(x.route);
      if (!read) {
        read = paramReader(this.#pathOf(x.route), name) ?? (() => '');
        byRoute.set(x.route, read);
      }
      return read(x.path);
    };
  }
}
