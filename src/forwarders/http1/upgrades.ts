/** The upgrades of one forwarder, and their connections. */
import type { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan } from '../../types/plan.ts';
import type {
  ForwarderSettings,
  PoolCounts,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../types/transport.ts';

import type { DialSettings } from '../dial.ts';
import { UpgradeCall } from './upgrade.ts';

/**
 * Each upgrade has a connection of its own, which `pool.connections` does not limit: a WebSocket may be open for days, and
 * a pool full of them would leave no connection for requests.
 */
export class Upgrades {
  readonly loop: Loop;
  /** Connections made, and requests put on one, so far. */
  opened = 0;
  /** Connections there are: being made, or waiting for an answer, or upgraded. */
  open = 0;
  readonly #settings: ForwarderSettings;
  readonly #counts: PoolCounts | null;
  /** By origin. */
  readonly #dials = new Map<string, DialSettings>();
  #closed: PromiseWithResolvers<void> | null = null;

  constructor(settings: ForwarderSettings, loop: Loop) {
    this.#settings = settings;
    this.#counts = settings.counts ?? null;
    this.loop = loop;
  }

  get closed(): boolean {
    return this.#closed !== null;
  }

  /** Asks the endpoint to switch to `request.upgrade`. */
  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
    const call = new UpgradeCall(request, to, this);
    this.open++;
    call.start();
    return call;
  }

  /** Takes no more; resolves when the last connection has ended, upgraded ones included. */
  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#settle();
    return this.#closed.promise;
  }

  dialFor(endpoint: EndpointPlan): DialSettings {
    const known = this.#dials.get(endpoint.origin);
    if (known !== undefined) return known;
    const { pool } = this.#settings;
    const dial: DialSettings = { endpoint, pool, loop: this.loop, session: undefined };
    this.#dials.set(endpoint.origin, dial);
    return dial;
  }

  /** A connection has been made, and the request is written to it. */
  connected(): void {
    this.opened++;
    if (this.#counts === null) return;
    this.#counts.opened.value++;
    this.#counts.served.value++;
  }

  /** A connection has ended, or was never made. */
  ended(): void {
    this.open--;
    this.#settle();
  }

  #settle(): void {
    if (this.open === 0) this.#closed?.resolve();
  }
}
