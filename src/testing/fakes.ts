/** Scripted ends for the exchange: an inbound that records, a forwarder that does what a test says, a plan to run. */
import { Fields } from '../fields/fields.ts';
import { Registry } from '../metrics/registry.ts';
import { seriesKey } from '../metrics/series.ts';
import { CidrSet } from '../net/address.ts';
import { TimerWheel } from '../state/wheel.ts';
import { BodyBudget } from '../traffic/exchange/body-budget.ts';
import { Core, Generation, passingNames } from '../traffic/exchange/core.ts';
import { ExchangeRun } from '../traffic/exchange/exchange.ts';
import { ClientDirectory } from '../traffic/rules/regions.ts';
import { compileRules } from '../traffic/rules/rules.ts';
import type { PassHeadersConfig } from '../types/config.ts';
import type { EndpointPlan, Plan, RoutePlan, UpstreamPlan } from '../types/plan.ts';
import type { Hooks, Log, PolicyKind } from '../types/policy.ts';
import type {
  Failure,
  Forwarder,
  Inbound,
  InboundEvents,
  Peer,
  UpgradedConnection,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../types/transport.ts';

const PLACE = { file: 'rules.yaml', line: 1, column: 1 };

export function endpointPlan(upstream: string, name: string, more: Partial<EndpointPlan> = {}): EndpointPlan {
  return {
    name,
    id: `${upstream}/${name}`,
    upstream,
    region: '',
    url: `http://${name}.test`,
    origin: `http://${name}.test:80`,
    secure: false,
    hostname: `${name}.test`,
    port: 80,
    authority: `${name}.test`,
    basePath: '',
    weight: 1,
    place: PLACE,
    ...more,
  };
}

export function upstreamPlan(name: string, more: Partial<UpstreamPlan> = {}): UpstreamPlan {
  return {
    name,
    protocol: 'generic',
    forwarder: 'http',
    endpoints: [endpointPlan(name, 'a'), endpointPlan(name, 'b')],
    choose: ['weight'],
    fallback: [],
    pool: {
      connections: 8,
      queue: { max: 8, wait: 1000 },
      idle: 30_000,
      connect: 1000,
      tlsHandshake: 1000,
      http2: false,
    },
    timeouts: { send: 1000, firstByte: 1000, idle: 1000, total: 10_000 },
    breaker: null,
    retry: null,
    health: null,
    place: PLACE,
    ...more,
  };
}

export function routePlan(name: string, more: Partial<RoutePlan> = {}): RoutePlan {
  return {
    name,
    match: { hosts: ['*'], path: '/**', methods: [], headers: {}, countries: [] },
    use: [],
    to: [{ upstream: 'up', weight: 1 }],
    reply: null,
    bodyMax: null,
    onDisconnect: { action: 'cancel' },
    errors: 'pass',
    protocol: 'generic',
    place: PLACE,
    ...more,
  };
}

export function planOf(more: Partial<Plan> = {}): Plan {
  return {
    revision: '0123456789ab',
    regions: [],
    upstreams: [upstreamPlan('up')],
    policies: [],
    routes: [routePlan('all')],
    tests: [],
    ...more,
  };
}

/** A policy kind whose config is the hooks themselves: tests write policies as plain objects. */
export const HOOKS: PolicyKind<never, { hooks: Hooks; needsBody?: boolean }> = {
  kind: 'hooks',
  summary: 'for tests',
  schema: {},
  resolve: () => ({ hooks: {} }),
  needsBody: (config) => config.needsBody ?? false,
  compile: (config) => config.hooks,
};

export function policyPlan(name: string, hooks: Hooks, needsBody = false) {
  return { name, kind: 'hooks', config: { hooks, needsBody }, place: PLACE };
}

/** One attempt as the scripted forwarder got it. */
export class FakeCall implements UpstreamCall {
  readonly request: UpstreamRequest;
  readonly to: UpstreamEvents;
  readonly sent: Buffer[] = [];
  finished = false;
  cancelled = false;
  paused = false;
  /** What `write` answers. */
  accepts = true;
  waited = false;
  /** What `queued` answers. */
  inLine: Failure | null = null;
  constructor(request: UpstreamRequest, to: UpstreamEvents) {
    this.request = request;
    this.to = to;
  }
  write(chunk: Buffer): boolean {
    this.sent.push(chunk);
    return this.accepts;
  }
  finish(): void {
    this.finished = true;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  cancel(): void {
    this.cancelled = true;
  }
  queued(): Failure | null {
    return this.inLine;
  }
}

export class FakeForwarder implements Forwarder {
  readonly calls: FakeCall[] = [];
  get last(): FakeCall {
    return this.calls[this.calls.length - 1]!;
  }
  send(request: UpstreamRequest, to: UpstreamEvents): FakeCall {
    const call = new FakeCall(request, to);
    this.calls.push(call);
    return call;
  }
  stats() {
    return { open: 0, idle: 0, waiting: 0 };
  }
  async close(): Promise<void> {}
}

export class FakeInbound implements Inbound {
  events!: InboundEvents;
  method = 'GET';
  target = '/';
  version: Inbound['version'] = '1.1';
  headers = Fields.of('Host', 'example.test');
  readonly peer: Peer = { known: null };
  isGrpc = false;
  remoteAddress = '192.0.2.7';
  secure = false;
  bodyLength = 0;
  upgrade = '';
  expectsContinue = false;
  /** What happened, in order: `head 200`, `write abc`, `end`, `reply 404`, `destroy`, `read`, `pause`, `resume`. */
  readonly log: string[] = [];
  status = 0;
  /** Names and values in turn. */
  replyHeaders: string[] = [];
  replyFields = Fields.empty();
  replyBody = '';
  length: number | null = null;
  closes = false;
  /** What `write` answers. */
  accepts = true;
  /** What an upgrade takes over. */
  connection: UpgradedConnection | null = null;

  constructor(more: Partial<FakeInbound> = {}) {
    Object.assign(this, more);
  }
  readBody(): void {
    this.log.push('read');
  }
  pauseBody(): void {
    this.log.push('pause');
  }
  resumeBody(): void {
    this.log.push('resume');
  }
  inform(status: number): void {
    this.log.push(`inform ${status}`);
  }
  reply(status: number, headers: Fields, body: string | Buffer, close: boolean): void {
    this.log.push(`reply ${status}`);
    this.status = status;
    this.replyHeaders = headers.toPairs();
    this.replyFields = headers;
    this.replyBody = body.toString();
    this.closes = close;
  }
  head(status: number, headers: Fields, length: number): void {
    this.log.push(`head ${status}`);
    this.status = status;
    this.replyHeaders = headers.toPairs();
    this.replyFields = headers;
    this.length = length;
  }
  write(chunk: Buffer): boolean {
    this.log.push(`write ${chunk}`);
    this.replyBody += chunk;
    return this.accepts;
  }
  end(_trailers: Fields | null, last: Buffer | null): void {
    if (last !== null) this.write(last);
    this.log.push('end');
  }
  destroy(): void {
    this.log.push('destroy');
  }
  takeOver(headers: Fields): UpgradedConnection {
    this.log.push('take over');
    this.replyHeaders = headers.toPairs();
    this.replyFields = headers;
    return this.connection!;
  }
}

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A thread's worth of the data plane on fake ends, with a clock that tests move. */
export class Stage {
  readonly forwarder = new FakeForwarder();
  readonly registry = new Registry();
  readonly core: Core;
  readonly wheel: TimerWheel;
  /** Milliseconds since the epoch, and the monotonic clock too. */
  clock = 1_000_000;
  disposed = 0;
  /** Room for 1 MB of bodies. */
  readonly bodies = new BodyBudget(1_000_000);
  /** What the core was told there is none left of. */
  readonly exhausted: string[] = [];
  /** Gets what policies and the core log as errors. */
  logged: (fields: object, message: string) => void = () => {};
  readonly #zones = new Map<string, SharedArrayBuffer>();

  constructor(
    plan: Plan,
    options: {
      kinds?: readonly PolicyKind[];
      random?: () => number;
      trusted?: string[];
      passing?: PassHeadersConfig;
      country?: string;
    } = {},
  ) {
    const now = () => this.clock;
    const random = options.random ?? (() => 0);
    this.wheel = new TimerWheel(10, now, () => () => {});
    this.core = new Core(
      {
        trusted: new CidrSet(options.trusted ?? []),
        passing: passingNames(options.passing),
        pseudonym: 'weir-1',
        wheel: this.wheel,
        log: SILENT,
        access: null,
        bodyMax: 1_000_000,
        policyTimeout: 30_000,
        bodies: this.bodies,
        now,
        monotonic: now,
        random,
        newId: () => 'req_1',
        exhausted: (resource) => this.exhausted.push(resource),
      },
      this.generation(plan, options),
    );
  }

  generation(
    plan: Plan,
    options: { kinds?: readonly PolicyKind[]; random?: () => number; country?: string } = {},
  ): Generation {
    const rules = compileRules(plan, {
      thread: 1,
      threads: 8,
      meters: this.registry,
      kinds: options.kinds ?? [HOOKS],
      store: {
        once: () => true,
        remembers: () => true,
        take: () => ({ allowed: true, remaining: 1, retryAfter: 0, resetAfter: 0 }),
        close() {},
      },
      log: { ...SILENT, error: (fields, message) => this.logged(fields, message) },
      now: () => this.clock,
      random: options.random ?? (() => 0),
      zone: (identity, bytes) => this.#zone(identity, bytes),
      state: (_identity, create) => create(),
      forwarder: () => this.forwarder,
    });
    const clients = new ClientDirectory(plan.regions, () => options.country ?? '');
    return new Generation(rules, clients, () => {
      this.disposed++;
    });
  }

  /** Lets time pass: what is due by then is done. */
  pass(ms: number): void {
    this.clock += ms;
    this.wheel.advance(this.clock);
  }

  /** Lets one request arrive. */
  run(inbound: FakeInbound): ExchangeRun {
    const x = new ExchangeRun(this.core, inbound);
    x.begin();
    return x;
  }

  counter(family: string, labels: Record<string, string>): number {
    const key = seriesKey(family, labels);
    return this.registry.snapshot().find((sample) => seriesKey(sample.family, sample.labels) === key)?.values[0] ?? 0;
  }

  #zone(identity: string, bytes: number): SharedArrayBuffer {
    const zone = this.#zones.get(identity) ?? new SharedArrayBuffer(bytes);
    this.#zones.set(identity, zone);
    return zone;
  }
}
