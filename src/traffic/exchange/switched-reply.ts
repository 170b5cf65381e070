/** A 101 on its way to the client: what follows it is no body but the connection itself. */
import type { Fields } from '../../fields/fields.ts';
import type { Inbound, UpgradedConnection } from '../../types/transport.ts';
import type { Tunnels } from '../tunnels/tunnels.ts';
import { type Flow, ReplyStream } from './reply-stream.ts';

export class SwitchedReply extends ReplyStream {
  readonly #client: Inbound;
  readonly #upstream: UpgradedConnection;
  readonly #tunnels: Tunnels;
  readonly #idle: number;

  /** `idle`: milliseconds without a byte either way after which the tunnel is closed. */
  constructor(client: Inbound, upstream: UpgradedConnection, tunnels: Tunnels, idle: number) {
    super(client, 0);
    this.#client = client;
    this.#upstream = upstream;
    this.#tunnels = tunnels;
    this.#idle = idle;
  }

  /** Accepts the client's side and joins the two. The edge tells no end of what it gave away: the tunnel's end is it. */
  override start(_status: number, headers: Fields): Flow {
    const { upgrade, events } = this.#client;
    headers.addFirst('upgrade', upgrade);
    headers.addFirst('connection', 'upgrade');
    const client = this.#client.takeOver(headers);
    this.#tunnels.join(client, this.#upstream, { idle: this.#idle, onEnd: (_up, down) => events.done(down) });
    return 'whole';
  }
}
