/** The open tunnels of one thread, which must be told when it ends: no edge and no forwarder knows of them any more. */
import type { UpgradedConnection } from '../../types/transport.ts';
import { Tunnel, type TunnelOptions } from './tunnel.ts';

export class Tunnels {
  readonly #open = new Set<Tunnel>();
  #leaving = false;

  /** Lets bytes pass between the two, until both are closed. */
  join(client: UpgradedConnection, upstream: UpgradedConnection, options: TunnelOptions): void {
    const tunnel = new Tunnel(client, upstream, {
      idle: options.idle,
      onEnd: (up, down) => {
        this.#open.delete(tunnel);
        options.onEnd(up, down);
      },
    });
    this.#open.add(tunnel);
    tunnel.start();
    if (this.#leaving) tunnel.goAway();
  }

  /** Closes all of them, and those still to come, with 1001 to both ends. */
  goAway(): void {
    this.#leaving = true;
    for (const tunnel of this.#open) tunnel.goAway();
  }
}
