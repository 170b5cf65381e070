/**
 * Loaded into every thread of the program that is measured (`node --import`), before its code. In the thread that
 * listens on the port in question it takes orders from the bench over a Unix socket, one JSON text a line.
 */
import { connect, Server, type Socket } from 'node:net';
import type { Client } from '../requests.ts';
import { Driver, type Round } from './driver.ts';
import type { LoadName } from './messages.ts';
import { type Shares, sampleHeap, sampleTime } from './samples.ts';

/** Where the bench listens for threads, and the port by which the right one is known. */
export const SOCKET_VARIABLE = 'BENCH_QUIET_SOCKET';
export const PORT_VARIABLE = 'BENCH_QUIET_PORT';

export type Order =
  | { readonly do: 'open'; readonly load: LoadName; readonly clients: readonly Client[] }
  | { readonly do: 'round'; readonly count: number }
  | { readonly do: 'heap' | 'profile'; readonly count: number; readonly rounds: number };

export type Answer = { readonly round: Round } | { readonly shares: Shares } | { readonly error: string };

class Station {
  readonly #server: Server;
  readonly #bench: Socket;
  #driver: Driver | null = null;
  #text = '';

  constructor(server: Server, bench: Socket) {
    this.#server = server;
    this.#bench = bench;
    bench.setEncoding('utf8').on('data', (text) => this.#read(String(text)));
    bench.on('error', () => bench.destroy());
  }

  #read(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const order = JSON.parse(this.#text.slice(0, end)) as Order;
      this.#text = this.#text.slice(end + 1);
      void this.#carryOut(order).then(
        (answer) => this.#say(answer),
        (error: Error) => this.#say({ error: error.message }),
      );
    }
  }

  #say(answer: Answer): void {
    this.#bench.write(`${JSON.stringify(answer)}\n`);
  }

  async #carryOut(order: Order): Promise<Answer> {
    if (order.do === 'open') {
      this.#driver = new Driver(this.#server, order.load, order.clients);
      await this.#driver.open();
      return { round: await this.#driver.round(64) };
    }
    const driver = this.#driver!;
    if (order.do === 'round') return { round: await driver.round(order.count) };
    const sample = order.do === 'heap' ? sampleHeap : sampleTime;
    return { shares: await sample(order.rounds, () => driver.round(order.count)) };
  }
}

const path = process.env[SOCKET_VARIABLE];
const port = Number(process.env[PORT_VARIABLE]);

if (path !== undefined) {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: Parameters<typeof listen>) {
    this.once('listening', () => {
      const address = this.address();
      // One without a listener only tries whether the port is free.
      const serves = this.listenerCount('connection') > 0;
      if (serves && typeof address === 'object' && address?.port === port) new Station(this, connect(path));
    });
    return Reflect.apply(listen, this, args);
  } as typeof listen;
}
