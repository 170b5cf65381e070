/** The forwarder of one upstream in one thread, kept across reloads, and the metrics of its pool. */
import type { Counter, Meters } from '../../metrics/counters.ts';
import type { MeterHold, Registry } from '../../metrics/registry.ts';
import type { Labels } from '../../metrics/series.ts';
import type { Log } from '../../types/policy.ts';
import type { Forwarder, ForwarderSettings, PoolCounts } from '../../types/transport.ts';
import { QueueLog } from './queue-log.ts';

type Crowded = NonNullable<ForwarderSettings['crowded']>;

/** Thread state (see states.ts): closing it closes the pool and takes its share of the gauges away. */
export class OpenPool {
  readonly forwarder: Forwarder;
  readonly #registry: Registry;
  readonly #meters: MeterHold;
  readonly #gauges: (readonly [family: string, labels: Labels, read: () => number])[] = [];

  /** `create` makes the forwarder, which counts, and tells the function it is given of queues that are long. */
  constructor(
    create: (crowded: Crowded, counts: PoolCounts) => Forwarder,
    upstream: string,
    registry: Registry,
    log: Log,
  ) {
    const queues = new QueueLog(log);
    this.#registry = registry;
    this.#meters = registry.hold();
    const counts = new Counts(this.#meters, upstream);
    this.forwarder = create((endpoint, queue) => queues.crowded(endpoint, queue), counts);
    const stats = () => this.forwarder.stats();
    if (stats().opened !== undefined) counts.connections();
    this.#gauge('weir_pool_connections', { upstream, state: 'idle' }, () => stats().idle);
    this.#gauge('weir_pool_connections', { upstream, state: 'busy' }, () => stats().open - stats().idle);
    this.#gauge('weir_pool_connections', { upstream, state: 'upgraded' }, () => stats().upgraded ?? 0);
    this.#gauge('weir_pool_waiting', { upstream }, () => stats().waiting ?? 0);
  }

  /** Connections of requests under way are shown until they end. */
  async close(): Promise<void> {
    await this.forwarder.close();
    for (const [family, labels, read] of this.#gauges) this.#registry.drop(family, labels, read);
    this.#meters.release();
  }

  /** The sum of all pools of the upstream: one whose settings a reload changed works on beside the new one for a while. */
  #gauge(family: string, labels: Labels, read: () => number): void {
    this.#gauges.push([family, labels, read]);
    this.#registry.gaugePart(family, labels, read);
  }
}

class Counts implements PoolCounts {
  readonly waited: Counter;
  readonly waitedSeconds: Counter;
  readonly full: Counter;
  readonly late: Counter;
  /** Those of the registry where the forwarder tells of its connections: a 0 that is none would be a lie. */
  opened: Counter = { value: 0 };
  served: Counter = { value: 0 };
  readonly #meters: Meters;
  readonly #upstream: string;

  constructor(meters: Meters, upstream: string) {
    this.#meters = meters;
    this.#upstream = upstream;
    this.waited = meters.counter('weir_pool_waited_total', { upstream });
    this.waitedSeconds = meters.counter('weir_pool_wait_seconds_total', { upstream });
    this.full = meters.counter('weir_pool_refused_total', { upstream, reason: 'full' });
    this.late = meters.counter('weir_pool_refused_total', { upstream, reason: 'late' });
  }

  connections(): void {
    const upstream = this.#upstream;
    this.opened = this.#meters.counter('weir_pool_connections_opened_total', { upstream });
    this.served = this.#meters.counter('weir_pool_requests_total', { upstream });
  }
}
