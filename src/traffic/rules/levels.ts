/**
 * The endpoints of an upstream by the regions of its clients. A level is what clients of one region may use, without
 * its fallbacks: the endpoints of that region and those without one, which serve every region. Where an upstream does
 * not choose by region, all its endpoints are one level.
 *
 * Levels are made once, with the upstream: a request looks at the endpoints of its level, however many others there are.
 */
import type { EndpointPlan, UpstreamPlan } from '../../types/plan.ts';
import type { Endpoint } from './upstream.ts';

const EVERYWHERE: readonly string[] = Object.freeze(['']);

export class Levels {
  /**
   * Is `region` the first of the steps? Then nothing but the level in use matters to the others. A step before it, such
   * as `latency`, compares endpoints of all regions.
   */
  readonly first: boolean;
  /** A client gets only endpoints of its region, of those in `fallback`, and those without one. */
  readonly #byRegion: boolean;
  readonly #all: readonly Endpoint[];
  readonly #fallback: readonly string[];
  readonly #of: ReadonlyMap<string, readonly Endpoint[]>;
  /** The level of regions that no endpoint names. */
  readonly #regionless: readonly Endpoint[];

  constructor(endpoints: readonly Endpoint[], { choose, fallback }: UpstreamPlan) {
    this.#byRegion = choose.includes('region');
    this.first = choose[0] === 'region';
    this.#all = endpoints;
    this.#fallback = fallback;
    this.#of = this.#byRegion ? byRegion(endpoints) : new Map();
    this.#regionless = this.#of.get('') ?? [];
  }

  /** The endpoints of the level of `region`, in the order written. */
  of(region: string): readonly Endpoint[] {
    return this.#byRegion ? (this.#of.get(region) ?? this.#regionless) : this.#all;
  }

  /** Does an endpoint belong to the level of `region`? */
  has({ region: own }: EndpointPlan, region: string): boolean {
    return !this.#byRegion || own === region || own === '';
  }

  /** Regions whose endpoints a client of `region` may use, in the order in which they are tried. */
  regionsFor(region: string): readonly string[] {
    return this.#byRegion ? [region, ...this.#fallback] : EVERYWHERE;
  }

  /** Regions that are levels: those that endpoints name, '' for the endpoints without one. */
  regions(): readonly string[] {
    return this.#byRegion ? [...new Set(this.#all.map(({ plan }) => plan.region))] : EVERYWHERE;
  }
}

/** Two passes: with a thousand regions, a walk over all endpoints for each would be a million steps. */
function byRegion(endpoints: readonly Endpoint[]): Map<string, readonly Endpoint[]> {
  const levels = new Map<string, Endpoint[]>([['', []]]);
  for (const { plan } of endpoints) levels.set(plan.region, []);
  for (const endpoint of endpoints) {
    if (endpoint.plan.region !== '') levels.get(endpoint.plan.region)!.push(endpoint);
    else for (const level of levels.values()) level.push(endpoint);
  }
  return levels;
}
