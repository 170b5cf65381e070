/** Tells the log when Weir stops asking for health because too few endpoints are healthy, and when it asks again. */
import { isPanicking, levelHealth, regionsOf } from '../traffic/rules/panic.ts';
import type { RuleSet } from '../traffic/rules/rules.ts';
import type { Log } from '../types/policy.ts';

export class PanicWatch {
  readonly #log: Log;
  /** Levels that are panicking, by upstream and region. */
  #panicking: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Looks at the levels of the rule set in use and logs what has changed. Levels that are gone are forgotten. */
  check({ upstreams }: RuleSet): void {
    const next = new Set<string>();
    for (const upstream of upstreams.values()) {
      for (const region of regionsOf(upstream)) {
        const key = `${upstream.plan.name} ${region}`;
        const panicking = isPanicking(upstream, region);
        if (panicking) next.add(key);
        if (panicking === this.#panicking.has(key)) continue;
        const fields = { upstream: upstream.plan.name, region, ...levelHealth(upstream, region) };
        if (panicking) this.#log.warn(fields, 'too few endpoints are healthy: all of them are used');
        else this.#log.info(fields, 'health counts again: only healthy endpoints are used');
      }
    }
    this.#panicking = next;
  }
}
