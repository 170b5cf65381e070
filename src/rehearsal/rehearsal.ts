/**
 * One request through the same code as traffic, with no network, no clock and no store but what the test gives: what
 * `weir test` runs. Upstreams answer 200 at once; chance always picks the first of equals.
 */
import type { Duplex } from 'node:stream';
import { Fields } from '../fields/fields.ts';
import { Registry } from '../metrics/registry.ts';
import { CidrSet } from '../net/address.ts';
import { TimerWheel } from '../state/wheel.ts';
import { createMemoryStore } from '../store/memory.ts';
import { BodyBudget } from '../traffic/exchange/body-budget.ts';
import { Core, Generation, passingNames } from '../traffic/exchange/core.ts';
import { ExchangeRun } from '../traffic/exchange/exchange.ts';
import { ClientDirectory } from '../traffic/rules/regions.ts';
import { compileRules, type RuleSet } from '../traffic/rules/rules.ts';
import type { Plan, TestPlan } from '../types/plan.ts';
import type { Log, PolicyKind } from '../types/policy.ts';
import type {
  Forwarder,
  Inbound,
  InboundEvents,
  Peer,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../types/transport.ts';

/** What became of a rehearsed request. */
export interface Rehearsed {
  readonly route: string;
  readonly status: number;
  readonly code: string;
  /** The policy that answered, or ''. */
  readonly policy: string;
  /** The last attempt's endpoint (`upstream/name`), or ''. */
  readonly endpoint: string;
  /** What the upstream was asked for, with the query; '' where nothing was sent. */
  readonly path: string;
  /** What went upstream. */
  readonly headers: Fields;
  /** What went back. */
  readonly replyHeaders: Fields;
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Where a rehearsal's clock stands when the test does not say. */
const DEFAULT_NOW = Date.parse('2026-01-01T00:00:00Z');

/** Capacity of a rehearsal's own store: one request needs next to nothing. */
const STORE_CAPACITY = 1024;

/** Runs the request of `test` under `plan`. */
export async function rehearse(plan: Plan, test: TestPlan, kinds: readonly PolicyKind[]): Promise<Rehearsed> {
  const now = () => (test.given.now === undefined ? DEFAULT_NOW : Date.parse(test.given.now));
  const upstream = new AnsweringForwarder();
  const rules = compileFor(plan, kinds, now, upstream);
  openBreakers(rules, test, now());
  const clients = new ClientDirectory(plan.regions, () => test.request.country);
  const core = new Core(
    {
      trusted: new CidrSet([]),
      passing: passingNames(),
      pseudonym: 'weir-test',
      wheel: new TimerWheel(1000, now, () => () => {}),
      log: SILENT,
      access: null,
      bodyMax: Number.POSITIVE_INFINITY,
      policyTimeout: 10_000,
      bodies: new BodyBudget(Number.POSITIVE_INFINITY),
      now,
      monotonic: now,
      random: () => 0,
      newId: () => 'req_test',
      exhausted() {},
    },
    new Generation(rules, clients, () => {}),
  );
  const inbound = new RehearsedInbound(test);
  const x = new ExchangeRun(core, inbound);
  x.begin();
  await inbound.finished;
  return {
    route: x.route,
    status: x.replyStatus,
    code: x.code,
    policy: x.answeredBy,
    endpoint: x.endpoint?.id ?? '',
    path: upstream.last?.target ?? '',
    headers: upstream.last?.headers ?? Fields.empty(),
    replyHeaders: inbound.replyHeaders,
  };
}

function compileFor(plan: Plan, kinds: readonly PolicyKind[], now: () => number, forwarder: Forwarder): RuleSet {
  const zones = new Map<string, SharedArrayBuffer>();
  const zone = (identity: string, bytes: number) => {
    const known = zones.get(identity) ?? new SharedArrayBuffer(bytes);
    zones.set(identity, known);
    return known;
  };
  return compileRules(plan, {
    thread: 1,
    threads: 1,
    meters: new Registry(),
    kinds,
    // As if it had always been there: whether a request was used before is no question here.
    store: createMemoryStore({ zone, now, thread: 1, nonces: STORE_CAPACITY, limits: STORE_CAPACITY, since: 0 }),
    log: SILENT,
    now,
    random: () => 0,
    zone,
    state: (_identity, create) => create(),
    forwarder: () => forwarder,
  });
}

function openBreakers(rules: RuleSet, test: TestPlan, now: number): void {
  for (const upstream of rules.upstreams.values())
    for (const endpoint of upstream.endpoints) {
      const state = test.given.breakers[endpoint.plan.id];
      if (state !== undefined) endpoint.breaker?.force(state, now);
    }
}

/** Answers whatever it is asked for with 200: it switches to no protocol. */
class AnsweringForwarder implements Forwarder {
  last: UpstreamRequest | null = null;

  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
    this.last = request;
    queueMicrotask(() => {
      to.head(200, Fields.of('content-type', 'application/json'), 2);
      to.data(Buffer.from('{}'));
      to.end(null);
    });
    return { write: () => true, finish() {}, pause() {}, resume() {}, cancel() {}, queued: () => null };
  }
  stats() {
    return { open: 0, idle: 0, waiting: 0 };
  }
  async close(): Promise<void> {}
}

class RehearsedInbound implements Inbound {
  events!: InboundEvents;
  readonly method: string;
  readonly target: string;
  readonly version = '1.1';
  readonly headers: Fields;
  readonly remoteAddress: string;
  readonly secure = true;
  readonly bodyLength: number;
  readonly upgrade = '';
  readonly peer: Peer = { known: null };
  readonly isGrpc = false;
  readonly expectsContinue = false;
  replyHeaders = Fields.empty();
  readonly finished: Promise<void>;
  readonly #body: Buffer;
  #finish!: () => void;

  constructor({ request }: TestPlan) {
    this.method = request.method;
    this.target = request.path;
    this.headers = Fields.of('host', request.host, ...Object.entries(request.headers).flat());
    this.remoteAddress = request.address;
    this.#body = Buffer.from(request.body);
    this.bodyLength = this.#body.length;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  readBody(): void {
    this.events.bodyData(this.#body);
    this.events.bodyEnd(null);
  }
  pauseBody(): void {}
  resumeBody(): void {}
  inform(): void {}
  reply(_status: number, headers: Fields): void {
    this.replyHeaders = headers;
    this.#over();
  }
  head(_status: number, headers: Fields): void {
    this.replyHeaders = headers;
  }
  write(): boolean {
    return true;
  }
  end(): void {
    this.#over();
  }
  destroy(): void {
    this.#over();
  }
  takeOver(): { socket: Duplex; early: Buffer } {
    throw new Error('a rehearsal has no socket');
  }

  #over(): void {
    this.events.done(0);
    this.#finish();
  }
}
