/**
 * The contract of every edge, told on the wire: raw sockets on one side, {@link Inbound} and its events on the other. An
 * implementation that is looser than the contract lists what it fails, each with a reason; the test then must fail, so
 * that an exception which is no longer needed does not stay.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { EdgeSettings } from '../../src/edges/settings.ts';
import type { Accept, CertificatePairs, Edge, Inbound } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { bodyTests } from './edge-bodies.ts';
import { earlyTests } from './edge-early.ts';
import { flowTests } from './edge-flow.ts';
import { goneTests } from './edge-gone.ts';
import { Call } from './edge-inbound.ts';
import { limitTests } from './edge-limits.ts';
import { refusalTests } from './edge-refusals.ts';
import { replyTests } from './edge-replies.ts';
import { tlsTests } from './edge-tls.ts';
import { upgradeTests } from './edge-upgrades.ts';
import { WireClient } from './edge-wire.ts';

/** What is tested: an edge whose certificates can be changed. */
export type TestedEdge = Edge & { useCertificates(certificates: CertificatePairs): void };
export type CreateEdge = (settings: EdgeSettings, accept: Accept) => TestedEdge;

const SETTINGS: EdgeSettings = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tls: null,
  headerSize: 16_384,
  headerTimeout: 20_000,
  requestTimeout: 20_000,
  idleTimeout: 20_000,
  connections: 1000,
};

/** One listening edge with its clients; everything in it is closed when the test ends. */
export class Bench {
  readonly calls: Call[] = [];
  /** Runs for every request, inside `accept`. */
  onCall: (call: Call) => void = () => {};
  readonly #create: CreateEdge;
  readonly #clients: WireClient[] = [];
  #edge: TestedEdge | null = null;
  #port = 0;
  #taken = 0;

  constructor(create: CreateEdge) {
    this.#create = create;
  }

  get edge(): TestedEdge {
    return this.#edge!;
  }

  async listen(settings: Partial<EdgeSettings> = {}): Promise<void> {
    this.#edge = this.#create({ ...SETTINGS, ...settings }, (inbound: Inbound) => {
      const call = new Call(inbound);
      this.calls.push(call);
      this.onCall(call);
    });
    await this.#edge.listen();
    this.#port = this.#edge.address.port;
  }

  /** Another edge, which is closed at once where it does listen. */
  async second(settings: Partial<EdgeSettings>): Promise<void> {
    const edge = this.#create({ ...SETTINGS, ...settings }, () => {});
    await edge.listen();
    await edge.close();
  }

  /** A connected client; listens first where nobody did. */
  async client(allowHalfOpen = false): Promise<WireClient> {
    if (this.#edge === null) await this.listen();
    return this.#keep(await WireClient.connect(this.#port, allowHalfOpen));
  }

  async tlsClient(options: ConnectionOptions = {}): Promise<WireClient> {
    return this.#keep(await WireClient.connectTls(this.#port, options));
  }

  #keep(client: WireClient): WireClient {
    this.#clients.push(client);
    return client;
  }

  /** The next request not yet taken. */
  async call(): Promise<Call> {
    await until(() => this.calls.length > this.#taken, 'a request');
    return this.calls[this.#taken++]!;
  }

  /** Sends `data` on a new connection and waits for the request it is. */
  async exchange(data: string | Buffer): Promise<{ client: WireClient; call: Call }> {
    const client = await this.client();
    client.send(data);
    return { client, call: await this.call() };
  }

  /** Whatever state a test leaves things in, each request has exactly one end once the edge is closed. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#edge?.close();
    if (this.#edge !== null) await until(() => this.edge.connections === 0, 'all connections to be closed');
    for (const call of this.calls) await call.finished();
    assert.deepEqual(
      this.calls.flatMap((call) => call.faults),
      [],
      'events out of order, or after the end',
    );
  }
}

/** Declares one test of the contract. */
export type Declare = (title: string, run: (bench: Bench) => Promise<void>) => void;

/**
 * Runs the contract against the edges that `create` makes. `exceptions`: title of a test → why this implementation
 * fails it.
 */
export function edgeContract(
  name: string,
  create: CreateEdge,
  exceptions: Readonly<Record<string, string>> = {},
): void {
  describe(`${name}: the edge contract`, { concurrency: 8 }, () => {
    const unused = new Set(Object.keys(exceptions));
    const declare: Declare = (title, run) => {
      const reason = exceptions[title];
      unused.delete(title);
      const options = reason === undefined ? { timeout: 30_000 } : { timeout: 30_000, expectFailure: reason };
      it(title, options, async () => {
        const bench = new Bench(create);
        try {
          await run(bench);
        } finally {
          await bench.end();
        }
      });
    };
    bodyTests(declare);
    replyTests(declare);
    flowTests(declare);
    earlyTests(declare);
    goneTests(declare);
    limitTests(declare);
    refusalTests(declare);
    upgradeTests(declare);
    tlsTests(declare);
    after(() => assert.deepEqual([...unused], [], 'exceptions that name no test'));
  });
}
