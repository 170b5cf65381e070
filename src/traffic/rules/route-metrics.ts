/** What a route counts: its series appear with its first request, as most routes of a large rule set see none. */
import type { CounterSet, Histogram, Meters } from '../../metrics/counters.ts';

const BY_STATUS_CLASS = Object.freeze({
  label: 'status_class',
  values: Object.freeze(['1xx', '2xx', '3xx', '4xx', '5xx']),
});

export class RouteMetrics {
  readonly #meters: Meters;
  readonly #route: string;
  #byClass: CounterSet | null = null;
  #duration: Histogram | null = null;

  /** `route` is '' for what no route took. */
  constructor(meters: Meters, route: string) {
    this.#meters = meters;
    this.#route = route;
  }

  /** A request has ended. */
  count(status: number, seconds: number): void {
    if (this.#duration === null) this.#open();
    this.#byClass!.add(statusClass(status));
    this.#duration!.observe(seconds);
  }

  /** All classes at once, so that the first error later on is seen as a rise from 0. */
  #open(): void {
    const labels = { route: this.#route };
    this.#byClass = this.#meters.counterSet('weir_requests_total', labels, BY_STATUS_CLASS);
    this.#duration = this.#meters.histogram('weir_request_duration_seconds', labels);
  }
}

/** Index into 1xx…5xx. A client that left before its reply counts as 4xx. */
function statusClass(status: number): number {
  return Math.min(Math.max(Math.floor(status / 100), 1), 5) - 1;
}
