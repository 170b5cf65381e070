/** The forwarder of one upstream in one thread, kept across reloads, and the metrics of its pool. */
import type { Labels, Registry } from '../metrics/registry.ts';
import type { Log } from '../types/policy.ts';
import type { Forwarder, ForwarderSettings } from '../types/transport.ts';
import { LineLog } from './line-log.ts';

type Crowded = NonNullable<ForwarderSettings['crowded']>;

/** Thread state (see states.ts): closing it closes the pool and takes its gauges away. */
export class OpenPool {
  readonly forwarder: Forwarder;
  readonly #registry: Registry;
  readonly #series: (readonly [family: string, labels: Labels, read: () => number])[] = [];

  /** `create` makes the forwarder, which tells the function it is given of lines that are long. */
  constructor(create: (crowded: Crowded) => Forwarder, upstream: string, registry: Registry, log: Log) {
    const lines = new LineLog(log);
    this.forwarder = create((endpoint, line) => lines.crowded(endpoint, line));
    this.#registry = registry;
    const stats = () => this.forwarder.stats();
    this.#gauge('weir_pool_connections', { upstream, state: 'idle' }, () => stats().idle);
    this.#gauge('weir_pool_connections', { upstream, state: 'busy' }, () => stats().open - stats().idle);
    this.#gauge('weir_pool_waiting', { upstream }, () => stats().waiting ?? 0);
    this.#counter('weir_pool_waited_total', { upstream }, () => stats().waited ?? 0);
    this.#counter('weir_pool_wait_seconds_total', { upstream }, () => (stats().waitedMs ?? 0) / 1000);
    this.#counter('weir_pool_refused_total', { upstream, reason: 'full' }, () => stats().full ?? 0);
    this.#counter('weir_pool_refused_total', { upstream, reason: 'late' }, () => stats().late ?? 0);
    if (stats().opened === undefined) return;
    this.#counter('weir_pool_connections_opened_total', { upstream }, () => stats().opened ?? 0);
    this.#counter('weir_pool_requests_total', { upstream }, () => stats().served ?? 0);
  }

  close(): Promise<void> {
    for (const [family, labels, read] of this.#series) this.#registry.drop(family, labels, read);
    return this.forwarder.close();
  }

  #gauge(family: string, labels: Labels, read: () => number): void {
    this.#series.push([family, labels, read]);
    this.#registry.gauge(family, labels, read);
  }

  #counter(family: string, labels: Labels, read: () => number): void {
    this.#series.push([family, labels, read]);
    this.#registry.counting(family, labels, read);
  }
}
