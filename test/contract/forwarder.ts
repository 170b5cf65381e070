/**
 * The contract of every forwarder, told on the wire: raw upstreams on one side, {@link UpstreamEvents} on the other.
 * An implementation that is looser than the contract lists what it fails, each with a reason; the test then must fail,
 * so that an exception which is no longer needed does not stay.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import tls from 'node:tls';
import type { PoolPlan } from '../../src/types/plan.ts';
import type { Forwarder, ForwarderSettings } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { failureTests } from './forwarder-failures.ts';
import { flowTests } from './forwarder-flow.ts';
import { poolTests } from './forwarder-pool.ts';
import { replyTests } from './forwarder-replies.ts';
import { requestTests } from './forwarder-requests.ts';
import { CERTIFICATE } from './forwarder-tls.ts';
import { upgradeTests } from './forwarder-upgrades.ts';
import { holdingBodies, RawUpstream, Recorder } from './forwarder-upstream.ts';

/** What one test uses; everything in it is closed when the test ends. */
export class Bench {
  readonly #create: (settings: ForwarderSettings) => Forwarder;
  readonly #forwarders: Forwarder[] = [];
  readonly #upstreams: RawUpstream[] = [];
  readonly #recorders: Recorder[] = [];
  readonly #endings: (() => unknown)[] = [];

  constructor(create: (settings: ForwarderSettings) => Forwarder) {
    this.#create = create;
  }

  forwarder(pool: Partial<PoolPlan> = {}, crowded: ForwarderSettings['crowded'] = () => {}): Forwarder {
    const defaults = {
      connections: 16,
      queue: { max: 1000, wait: 30_000 },
      idle: 30_000,
      connect: 10_000,
      tlsHandshake: 10_000,
      http2: false,
    };
    const forwarder = holdingBodies(this.#create({ pool: { ...defaults, ...pool }, now: Date.now, crowded }));
    this.#forwarders.push(forwarder);
    return forwarder;
  }

  async upstream(secure = false): Promise<RawUpstream> {
    const upstream = await RawUpstream.listen(secure);
    this.#upstreams.push(upstream);
    return upstream;
  }

  recorder(countOnly = false): Recorder {
    const recorder = new Recorder(countOnly);
    this.#recorders.push(recorder);
    return recorder;
  }

  atEnd(ending: () => unknown): void {
    this.#endings.push(ending);
  }

  /** Closing the upstreams ends what is under way, so `close` of a forwarder that leaks a connection hangs here. */
  async end(): Promise<void> {
    const closing = this.#forwarders.map((forwarder) => forwarder.close());
    for (const upstream of this.#upstreams) upstream.close();
    for (const ending of this.#endings) await ending();
    await Promise.all(closing);
    for (const forwarder of this.#forwarders) {
      await until(() => forwarder.stats().open === 0, 'the connections of a closed forwarder to end');
      assert.partialDeepStrictEqual(forwarder.stats(), { open: 0, idle: 0, waiting: 0 });
    }
    assert.deepEqual(
      this.#recorders.flatMap((recorder) => recorder.faults),
      [],
      'events out of order, or after the end',
    );
  }
}

/** Declares one test of the contract. */
export type Declare = (title: string, run: (bench: Bench) => Promise<void>) => void;

/**
 * Runs the contract against the forwarders that `create` makes. `exceptions`: title of a test → why this implementation
 * fails it.
 */
export function forwarderContract(
  name: string,
  create: (settings: ForwarderSettings) => Forwarder,
  exceptions: Readonly<Record<string, string>> = {},
): void {
  describe(`${name}: the forwarder contract`, () => {
    const unused = new Set(Object.keys(exceptions));
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), CERTIFICATE]);
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
    requestTests(declare);
    replyTests(declare);
    failureTests(declare);
    flowTests(declare);
    poolTests(declare);
    upgradeTests(declare);
    after(() => assert.deepEqual([...unused], [], 'exceptions that name no test'));
  });
}
