/** One traffic thread: what it listens on, the rule sets it prepares and serves, how it ends. */
import { randomBytes } from 'node:crypto';
import { Http1Edge } from '../../edges/http1/index.ts';
import { createForwarder } from '../../forwarders/index.ts';
import { type Geo, geoFrom } from '../../geo/geo.ts';
import type { LineReceiver } from '../../log/line-batch.ts';
import { createLog } from '../../log/log.ts';
import { Registry } from '../../metrics/registry.ts';
import { CidrSet, formatAddress } from '../../net/address.ts';
import type { BoundSocket } from '../../net/sockets.ts';
import { unpackPlan } from '../../plan/packed.ts';
import { KINDS } from '../../policies/index.ts';
import { finish, type Steps } from '../../slices.ts';
import { Loop } from '../../sockets/loop.ts';
import { Clock } from '../../state/clock.ts';
import { Users } from '../../state/users.ts';
import { createMemoryStore, type MemoryStore } from '../../store/memory.ts';
import type { ListenerConfig, WeirConfig } from '../../types/config.ts';
import type { UpstreamPlan } from '../../types/plan.ts';
import type { Log } from '../../types/policy.ts';
import {
  beatInterval,
  type FromWorker,
  type PackedPlan,
  type ToWorker,
  type WorkerStart,
  type Zones,
} from '../../types/threads.ts';
import type { Edge, Forwarder } from '../../types/transport.ts';
import { AccessLog } from '../exchange/access.ts';
import { BodyBudget } from '../exchange/body-budget.ts';
import { Core, Generation, passingNames, type Resource } from '../exchange/core.ts';
import { ExchangeRun } from '../exchange/exchange.ts';
import { OpenPool } from '../rules/pools.ts';
import { ClientDirectory } from '../rules/regions.ts';
import { compileSteps, remembersRequests } from '../rules/rules.ts';
import { StateDirectory, type StateHold } from '../rules/states.ts';
import { Preparing } from './preparing.ts';
import { requestIds } from './request-ids.ts';
import { askForSockets } from './sockets.ts';

/** Between two log lines that say the same. */
const EXHAUSTED_EVERY_MS = 10_000;
const EXHAUSTED = {
  ports: 'this machine is out of something that connections to endpoints need',
  bodies: 'requests were refused: this thread holds as many bytes of request bodies as it may',
} as const;
const DRAIN_POLL_MS = 20;
/** Milliseconds without a request after which none is waited for: clients have read their answers; above what edges and WebSockets linger. */
const FLUSH_MS = 1_500;

const SECOND_MS = 1_000;

/** Sends a message to the main thread. What is transferred is not copied, and gone here. */
type Post = (message: FromWorker, transferred?: ArrayBuffer[]) => void;

export class TrafficThread {
  readonly #start: WorkerStart;
  readonly #post: Post;
  readonly #config: WeirConfig;
  readonly #registry: Registry;
  readonly #loop = new Loop(new Clock(Date.now, () => performance.now()));
  readonly #states = new StateDirectory();
  readonly #log: Log;
  readonly #access: AccessLog | null;
  readonly #store: MemoryStore;
  readonly #bodies: BodyBudget;
  readonly #exhaustedAt = new Map<Resource, number>();
  #geo: Geo;
  #core: Core | null = null;
  #edges: Edge[] = [];
  readonly #preparing: Preparing;

  constructor(start: WorkerStart, post: Post) {
    this.#start = start;
    this.#config = start.config;
    this.#post = post;
    this.#bodies = new BodyBudget(start.bodies);
    this.#registry = new Registry((series) => post({ type: 'series', series }));
    this.#preparing = new Preparing({
      prepared: (id, problem) => post({ type: 'prepared', id, problem }),
      now: () => performance.now(),
      // What a slice makes is told of in one message.
      later: (next) => setImmediate(() => this.#registry.together(next)),
      busy: () => this.#core!.inFlight > 0,
    });
    const { log } = start.config;
    // `pretty` is made of JSON by the main thread, which writes all lines.
    const format = log.format === 'pretty' ? 'json' : log.format;
    this.#log = createLog({ ...log, format }, { write: (lines) => post({ type: 'log', lines }) });
    const receiver: LineReceiver = {
      handOver: () => post({ type: 'gathered' }),
      send: (lines) => post({ type: 'log', lines }, [lines.buffer]),
    };
    this.#access = log.access ? new AccessLog(log, start.lines, receiver) : null;
    this.#geo = geoFrom(start.geo);
    this.#store = createMemoryStore({
      zone: (identity, bytes) => zoneOf(start.zones, identity, bytes),
      now: this.#loop.clock.now,
      thread: start.thread,
      nonces: start.config.store.nonces,
      limits: start.config.store.limits,
    });
  }

  /** Compiles the first plan, then listens; says `listening` or `failed`. */
  async start(): Promise<void> {
    try {
      const first = this.#compileFirst();
      this.#core = this.#createCore(first);
      this.#edges = this.#config.listeners.map((listener, i) => this.#createEdge(listener, i));
      const { sockets } = this.#start;
      if (remembersRequests(first.rules.plan, KINDS)) await untilTime(this.#store.since);
      // Last, since whoever listens must be able to serve: in a takeover the one before still does.
      const bound = sockets === null ? null : await askForSockets(sockets);
      await Promise.all(this.#edges.map((edge, i) => listen(edge, this.#config.listeners[i]!, bound?.get(i))));
      this.#gauges();
      this.#beat();
      this.#post({ type: 'listening', addresses: this.#edges.map(({ address }) => address) });
    } catch (error) {
      this.#post({ type: 'failed', problem: (error as Error).message });
    }
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'prepare':
        return this.#prepare(message.id, message.plan, message.zones);
      case 'commit':
        return this.#commit(message.id);
      case 'abandon':
        return this.#preparing.abandon(message.id);
      case 'geo':
        this.#geo = geoFrom(message.geo);
        this.#core?.generation.clients.useGeo((address) => this.#geo.lookup(address));
        return;
      case 'certificates':
        return this.#edges[message.listener]!.useCertificates(message.certificates);
      case 'metrics':
        return this.#post({ type: 'metrics', id: message.id, samples: this.#registry.gauges() });
      case 'forget':
        return this.#registry.forget(message.series);
      case 'drain':
        void this.#drain(message.timeout);
        return;
      case 'start': // worker.ts has made this thread of it
        return;
    }
  }

  /** In slices: requests wait for none longer than for one of them. */
  #prepare(id: number, plan: PackedPlan, zones: Zones): void {
    this.#preparing.begin(id, this.#compile(plan, zones));
  }

  #commit(id: number): void {
    const generation = this.#preparing.take(id);
    if (generation === null) return;
    this.#core!.commit(generation);
    this.#post({ type: 'committed', id });
  }

  /** At once: no request comes before it is done. */
  #compileFirst(): Generation {
    let first: Generation;
    this.#registry.together(() => {
      first = finish(this.#compile(this.#start.plan, this.#start.zones));
    });
    return first!;
  }

  /** A rule set with its hold on this thread's state; what only it held is closed when its last request has ended. */
  *#compile(packed: PackedPlan, zones: Zones): Steps<Generation> {
    const { thread, threads } = this.#start;
    const users = new Users(zoneOf(zones, Users.identity, Users.bytes(threads)), thread);
    const hold = this.#states.hold();
    const meters = this.#registry.hold();
    const letGo = (): void => {
      hold.release();
      meters.release();
      users.leave();
    };
    users.enter();
    let generation: Generation | null = null;
    try {
      const plan = yield* unpackPlan(packed);
      const rules = yield* compileSteps(plan, {
        thread,
        threads,
        meters,
        kinds: KINDS,
        store: this.#store,
        log: this.#log,
        now: this.#loop.clock.now,
        random: Math.random,
        zone: (identity, bytes) => zoneOf(zones, identity, bytes),
        state: (identity, create) => hold.state(identity, create),
        forwarder: (upstream) => forwarderFor(upstream, hold, this.#registry, this.#log, this.#loop),
      });
      const clients = new ClientDirectory(plan.regions, (address) => this.#geo.lookup(address));
      generation = new Generation(rules, clients, letGo);
      return generation;
    } finally {
      // Refused, or given up on the way.
      if (generation === null) letGo();
    }
  }

  #createCore(generation: Generation): Core {
    const { trustedProxies, passHeaders, limits } = this.#config;
    return new Core(
      {
        trusted: new CidrSet(trustedProxies),
        passing: passingNames(passHeaders),
        pseudonym: this.#start.pseudonym,
        wheel: this.#loop.wheel,
        log: this.#log,
        access: this.#access,
        bodyMax: limits.bodySize,
        policyTimeout: limits.policyTimeout,
        bodies: this.#bodies,
        now: this.#loop.clock.now,
        monotonic: this.#loop.clock.monotonic,
        random: Math.random,
        newId: requestIds(randomBytes(9)),
        exhausted: this.#exhausted,
      },
      generation,
    );
  }

  #exhausted = (resource: Resource): void => {
    this.#registry.counter('weir_exhausted_total', { resource }).value++;
    // Of descriptors the control thread tells, for all threads.
    const now = performance.now();
    const last = this.#exhaustedAt.get(resource) ?? Number.NEGATIVE_INFINITY;
    if (resource === 'descriptors' || now - last < EXHAUSTED_EVERY_MS) return;
    this.#exhaustedAt.set(resource, now);
    this.#log.error({ resource }, EXHAUSTED[resource === 'bodies' ? 'bodies' : 'ports']);
  };

  #createEdge(listener: ListenerConfig, index: number): Edge {
    const core = this.#core!;
    const { limits } = this.#config;
    const pairs = this.#start.certificates[index];
    const settings = {
      host: listener.host,
      port: listener.port,
      reusePort: true,
      tls: listener.tls && pairs ? { minVersion: listener.tls.minVersion, certificates: pairs } : null,
      halfClose: listener.halfClose,
      loop: this.#loop,
      ...limits,
    };
    return new Http1Edge(settings, (inbound) => new ExchangeRun(core, inbound).begin());
  }

  /** Says to the main thread that the event loop turns. */
  #beat(): void {
    const { beats } = this.#start;
    setInterval(() => Atomics.add(beats, 0, 1), beatInterval(this.#config.watchdog)).unref();
  }

  #gauges(): void {
    this.#edges.forEach((edge, i) => {
      const { host, port } = this.#config.listeners[i]!;
      this.#registry.gauge('weir_connections', { listener: formatAddress(host, port) }, () => edge.connections);
    });
    this.#registry.gauge('weir_bodies_held_bytes', {}, () => this.#bodies.held);
    this.#registry.gauge('weir_requests_in_flight', {}, () => this.#core!.inFlight);
  }

  /** Three steps: what is idle goes, what is open ends, what is left after `timeout` milliseconds is ended. */
  async #drain(timeout: number): Promise<void> {
    const end = performance.now() + timeout;
    const grace = Math.min(this.#config.limits.drainGrace, timeout);
    this.#preparing.close();
    for (const edge of this.#edges) edge.drain(grace);
    await this.#until(() => this.#connections === 0 && this.#core!.inFlight === 0, performance.now() + grace);
    this.#core!.tunnels.goAway();
    const quiet = this.#quiet();
    await this.#until(quiet, end);
    this.#core!.over = true;
    for (const edge of this.#edges) edge.shutDown();
    await this.#until(quiet, performance.now() + FLUSH_MS);
    await Promise.all(this.#edges.map((edge) => edge.close()));
    await this.#states.close();
    this.#access?.close();
    this.#post({ type: 'drained' });
    process.exit(0);
  }

  /**
   * Is nothing left? A connection on which no request is under way may still bring one: its head may have begun within the
   * grace, or its last answer may be on its way to the client.
   */
  #quiet(): () => boolean {
    let busy = performance.now();
    return () => {
      const now = performance.now();
      if (this.#core!.inFlight > 0) busy = now;
      return this.#core!.inFlight === 0 && (this.#connections === 0 || now - busy >= FLUSH_MS);
    };
  }

  get #connections(): number {
    return this.#edges.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** Polls, so that nothing on a request's path needs to know of it. `end` is on the monotonic clock. */
  async #until(done: () => boolean, end: number): Promise<void> {
    while (!done() && performance.now() < end) await pause(DRAIN_POLL_MS);
  }
}

/** Every zone was made by the control plane when it compiled the same plan. */
function zoneOf(zones: Zones, identity: string, bytes: number): SharedArrayBuffer {
  const zone = zones[identity];
  if (zone === undefined || zone.byteLength < bytes) throw new Error(`no shared memory for ${identity}`);
  return zone;
}

/** Pools belong to the upstream's name; what changes their meaning is in the identity. */
function forwarderFor(upstream: UpstreamPlan, hold: StateHold, registry: Registry, log: Log, loop: Loop): Forwarder {
  const identity = `forwarder ${upstream.name} ${upstream.forwarder} ${JSON.stringify(upstream.pool)}`;
  const { name, pool, forwarder } = upstream;
  const create: ConstructorParameters<typeof OpenPool>[0] = (crowded, counts) =>
    createForwarder(forwarder, { pool, now: loop.clock.now, crowded, counts, loop });
  return hold.state(identity, () => new OpenPool(create, name, registry, log)).forwarder;
}

async function listen(edge: Edge, { host, port }: ListenerConfig, sockets?: readonly BoundSocket[]): Promise<void> {
  try {
    await edge.listen(sockets);
  } catch (error) {
    throw new Error(`cannot listen on ${formatAddress(host, port)}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Waits until the clock shows `time` (ms since the epoch), which is less than a second away unless the clock is being set.
 * Timers may run out a millisecond early.
 */
async function untilTime(time: number): Promise<void> {
  const end = performance.now() + SECOND_MS;
  for (let left = time - Date.now(); left > 0 && performance.now() < end; left = time - Date.now())
    await pause(Math.min(left, SECOND_MS));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
