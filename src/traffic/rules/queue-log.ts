/** Log lines about queues for a connection: an operator must hear of them, but not once for each request. */
import type { EndpointPlan } from '../../types/plan.ts';
import type { Log } from '../../types/policy.ts';
import type { QueueStats } from '../../types/transport.ts';

/** Milliseconds between two lines that say the same of the same endpoint, in one thread. */
const EVERY = 60_000;

interface Said {
  longAt: number;
  refusedAt: number;
  /** How many refusals have been told. */
  refused: number;
}

/** For one upstream in one thread. */
export class QueueLog {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #said = new Map<string, Said>();

  constructor(log: Log, monotonic: () => number = () => performance.now()) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  /** The queue for `endpoint` is long, or has just turned a request away. */
  crowded(endpoint: EndpointPlan, queue: QueueStats): void {
    const said = this.#said.get(endpoint.id) ?? this.#begin(endpoint.id);
    const now = this.#monotonic();
    const refused = queue.full + queue.late - said.refused;
    const { waiting } = queue;
    if (refused > 0 && now - said.refusedAt >= EVERY) {
      said.refusedAt = now;
      said.refused += refused;
      this.#log.warn({ endpoint: endpoint.id, waiting, refused }, 'requests were refused: all connections are in use');
    } else if (refused === 0 && now - said.longAt >= EVERY) {
      said.longAt = now;
      this.#log.warn({ endpoint: endpoint.id, waiting }, 'the queue for a connection is long: all are in use');
    }
  }

  #begin(id: string): Said {
    const said = { longAt: Number.NEGATIVE_INFINITY, refusedAt: Number.NEGATIVE_INFINITY, refused: 0 };
    this.#said.set(id, said);
    return said;
  }
}
