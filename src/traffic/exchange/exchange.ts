/**
 * The life of one request, read top to bottom:
 *
 *   begin → route → admit (policies in written order) → body → choose an endpoint → attempt → the upstream answers
 *         ↑ retry within one budget, while the body can be sent again and no byte reached the client ┘
 *   → unwind (the policies passed, last first) → send → end, exactly once
 *
 * Every way out of it leads through `#unwind` and `#end`. Calls and answers are events on this one object (see
 * types/transport.ts), so a plain request makes no promise, closure or stream.
 */
import { ERRORS, type ErrorCode, type Protocol } from '../../errors.ts';
import type { Fields, Pairs } from '../../fields/fields.ts';
import { CONTENT_LENGTH } from '../../fields/names.ts';
import type { Logged } from '../../log/json-bytes.ts';
import { Timer } from '../../state/wheel.ts';
import type { EndpointPlan } from '../../types/plan.ts';
import type { Exchange, Reply } from '../../types/policy.ts';
import type {
  Failure,
  Inbound,
  InboundEvents,
  UpgradedConnection,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../types/transport.ts';
import { retryAfter } from '../rules/choose.ts';
import type { KnownClient } from '../rules/regions.ts';
import type { Route } from '../rules/rules.ts';
import type { Endpoint, Upstream } from '../rules/upstream.ts';
import { type AttemptRun, FAILURE_CODES } from './attempt.ts';
import { Attempts } from './attempts.ts';
import { RequestBody } from './body.ts';
import type { Core, Finished, Generation } from './core.ts';
import { answerHere, isDiagnostic, traceable } from './final-recipient.ts';
import { runAdmit, runEnd, runReply, type Verdict, Waiting } from './hooks.ts';
import { isJsonBody, MAPPED_BODY_MAX, mapError, saysJson } from './map-errors.ts';
import { errorReply, writeWhole } from './own-reply.ts';
import { ReplyStream } from './reply-stream.ts';
import { type Identified, readRequest } from './request-identity.ts';
import { failureHeaders, RetryTimer, requestedDelay, retriesFailure, retriesReply } from './retry.ts';
import { SwitchedReply } from './switched-reply.ts';

/**
 * How far the answer is: none yet; an upstream's error body being collected; on its way back through the policies;
 * its head written and its body following; written whole or broken off.
 */
type Stage = 'none' | 'collecting' | 'unwinding' | 'streaming' | 'sent';

const EMPTY_BODY = Buffer.alloc(0);
const TIME_IS_OVER: Failure = Object.freeze({ reason: 'timeout', detail: 'the time for all attempts', sent: true });

export class ExchangeRun extends Timer implements Exchange, Identified, Finished, InboundEvents, UpstreamEvents {
  // what policies see
  id = '';
  host = '';
  authority = '';
  path = '';
  query = '';
  client: KnownClient;
  upstreamPath = '';
  upstream = '';
  readonly method: string;
  readonly headers: Fields;
  readonly facts: string[];
  readonly arrivedAt: number;
  // what the head said of other proxies
  requestId = '';
  forwardedFor: string | null = null;
  forwardedHost = '';
  forwardedProto = '';
  via = '';
  maxForwards = '';
  trailers = false;
  // what log, metrics and tests read at the end
  replyStatus = 0;
  code: ErrorCode | '' = '';
  /** Name of the policy that answered, or ''. */
  answeredBy = '';
  bytesOut = 0;
  readonly startedAt: number;

  readonly #core: Core;
  readonly #generation: Generation;
  readonly #inbound: Inbound;
  readonly #body: RequestBody;
  #route: Route | null = null;
  /** Policies entered so far: those, and no others, see the reply. */
  #passed = 0;
  #attempts: Attempts | null = null;
  #call: UpstreamCall | null = null;
  #request: UpstreamRequest | null = null;
  /** The wait before the next attempt. */
  #retryTimer: RetryTimer | null = null;
  #waiting: Waiting | null = null;
  #stage: Stage = 'none';
  /** The upstream's reply, once its head is here. */
  #reply: Reply | null = null;
  #stream: ReplyStream | null = null;
  /** Takes the place of the upstream's reply, which broke while it was on its way back. */
  #instead: Reply | null = null;
  /** The client's fields as they came, where a TRACE shows them. */
  #received: Fields | null = null;
  #clientGone = false;
  #ended = false;

  constructor(core: Core, inbound: Inbound) {
    super();
    this.#core = core;
    this.#generation = core.enter();
    this.#inbound = inbound;
    this.client = this.#generation.clients.nobody;
    this.method = inbound.method;
    this.headers = inbound.headers;
    this.arrivedAt = core.now();
    this.startedAt = core.monotonic();
    this.facts = this.#generation.facts();
    this.#body = new RequestBody(inbound, core.bodies);
    inbound.events = this;
  }

  get route(): string {
    return this.#route?.plan.name ?? '';
  }
  get revision(): string {
    return this.#generation.rules.plan.revision;
  }
  get routeLogged(): Logged {
    return (this.#route ?? this.#generation.rules).logged;
  }
  get protocol(): Protocol {
    return this.#route?.plan.protocol ?? 'generic';
  }
  get body(): Buffer | null {
    return this.#body.whole;
  }
  set body(value: Buffer | null) {
    this.#body.replace(value);
  }
  get endpoint(): EndpointPlan | null {
    return this.#attempts?.current?.endpoint ?? null;
  }
  get lastEndpoint(): Endpoint | null {
    return this.#attempts?.current?.runtime ?? null;
  }
  get attempts(): number {
    return this.#attempts?.count ?? 0;
  }
  get failure(): string {
    return this.#attempts?.current?.failure ?? '';
  }
  get firstByte(): number {
    return this.#attempts?.current?.firstByte ?? -1;
  }

  error(code: ErrorCode, headers: Pairs = []): Reply {
    return errorReply(code, this.protocol, this.id, headers);
  }

  // ── 1. the head ────────────────────────────────────────────────────────────────────────────────────────────────

  begin(): void {
    if (this.method === 'TRACE') this.#received = this.headers.copy();
    const refusal = readRequest(this, this.#inbound, this.#core, this.#generation);
    if (refusal !== '') return this.#refuse(refusal);
    if (this.#core.over) return this.#refuse('SHUTTING_DOWN');
    this.upstreamPath = this.path;
    const { router } = this.#generation.rules;
    if (isDiagnostic(this.method)) {
      const answer = answerHere(this, this.#inbound, this.#received, router);
      if (answer === 'malformed') return this.#refuse('BAD_REQUEST');
      if (answer !== null) return this.#answer(answer);
    }
    this.#route = router.find(this.method, this.host, this.path, this.headers, this.client.country);
    if (this.#route === null) return this.#unrouted();
    this.upstream = this.#route.upstreamFor(this.client.address);
    this.#receive(this.#route);
  }

  #unrouted(): void {
    const { router } = this.#generation.rules;
    const allowed = router.allowed(this.host, this.path, this.headers, this.client.country);
    if (allowed.length === 0) this.#refuse('NOT_FOUND');
    else this.#refuse('METHOD_NOT_ALLOWED', ['allow', allowed.join(', ')]);
  }

  // ── 2. the body, where a policy needs it, then the policies ────────────────────────────────────────────────────

  #receive(route: Route): void {
    const limit = route.bodyMax ?? this.#core.bodyMax;
    const capped = route.needsBody || route.bodyMax !== null;
    if (capped && this.#body.length > limit) return this.#refuse('PAYLOAD_TOO_LARGE');
    if (capped) this.#body.limit = limit;
    if (!route.needsBody) return this.#admit(0);
    if (this.#body.length !== 0) return this.#body.collect();
    this.#body.replace(EMPTY_BODY);
    this.#admit(0);
  }

  #admit(from: number): void {
    const { steps } = this.#route!;
    for (let i = from; i < steps.length; i++) {
      this.#passed = i + 1;
      const verdict = runAdmit(steps[i]!, this);
      if (verdict === undefined) continue;
      this.answeredBy = steps[i]!.policy;
      if (verdict instanceof Promise) return this.#admitLater(verdict, i);
      return this.#answer(verdict);
    }
    this.#admitted();
  }

  #admitLater(verdict: Promise<Reply | undefined>, i: number): void {
    this.#wait(verdict, i, 'admit', (reply) => {
      if (reply !== undefined) return this.#answer(reply);
      this.answeredBy = '';
      this.#admit(i + 1);
    });
  }

  /** Waits for what the hook of step `i` has promised. At most one is waited for at a time. */
  #wait(
    verdict: Exclude<Verdict, Reply | undefined>,
    i: number,
    hook: 'admit' | 'reply',
    settled: (reply: Reply | undefined) => void,
  ): void {
    const { wheel, policyTimeout } = this.#core;
    const what = { step: this.#route!.steps[i]!, hook: hook!, x: this };
    this.#waiting = new Waiting(wheel, policyTimeout, verdict, what, settled);
  }

  #waitNoMore(): void {
    this.#waiting?.cancel();
    this.#waiting = null;
  }

  #admitted(): void {
    const { replyFields, plan } = this.#route!;
    if (replyFields !== null) return this.#answer({ ...plan.reply!, headers: replyFields.copy(), code: '' });
    this.#attempts = new Attempts(this.#core, this.#route!, this);
    if (this.#body.isSmall && !this.#body.ready && this.#body.collectSmall()) return;
    this.#dispatch();
  }

  bodyData(chunk: Buffer): void {
    if (this.#ended) return;
    const taken = this.#body.take(chunk);
    if (taken === 'taken') return;
    if (taken === 'too large') return this.#refuse('PAYLOAD_TOO_LARGE');
    this.#core.exhausted('bodies');
    this.#refuse('BODIES_FULL');
  }

  bodyEnd(): void {
    if (this.#ended) return;
    const collected = this.#body.collecting;
    this.#body.finish();
    this.#attempts?.requestWhole();
    if (!collected || this.#stage !== 'none') return;
    if (this.#attempts === null) this.#admit(0);
    else this.#dispatch();
  }

  bodyFailed(why: 'malformed' | 'timeout' | 'gone'): void {
    if (this.#ended || why === 'gone') return;
    this.#refuse(why === 'timeout' ? 'REQUEST_TIMEOUT' : 'BAD_REQUEST');
  }

  // ── 3. attempts ────────────────────────────────────────────────────────────────────────────────────────────────

  #dispatch(): void {
    const upstream = this.#generation.rules.upstreams.get(this.upstream)!;
    const attempts = this.#attempts!;
    if (attempts.count === 0) {
      this.#core.wheel.set(this, upstream.plan.timeouts.total);
      upstream.budget?.request(this.#core.now());
    }
    const attempt = attempts.prepare(upstream);
    if (attempts.broken) return this.#refuse('INTERNAL');
    if (attempt === null) return this.#noEndpoint(upstream);
    if (attempt.headers.overfull) {
      attempt.abandon(this, this.#core.now());
      return this.#refuse('HEADERS_TOO_LARGE');
    }
    attempts.sent(attempt, this.#body.arrived);
    this.#send(upstream, attempt);
  }

  #send(upstream: Upstream, attempt: AttemptRun): void {
    const { endpoint } = attempt;
    const request: UpstreamRequest = {
      endpoint,
      method: this.method,
      target: endpoint.basePath + attempt.path + this.query,
      headers: this.#received === null ? attempt.headers : traceable(attempt.headers, this.#received),
      body: this.#body.whole,
      bodyLength: this.#body.length,
      upgrade: this.#inbound.upgrade,
      trailers: this.trailers,
      timeouts: upstream.plan.timeouts,
    };
    this.#request = request;
    this.#call = upstream.forwarder.send(request, this);
    this.#body.sendTo(this.#call, upstream.plan.retry !== null);
  }

  sendMore(): void {
    if (!this.#ended) this.#body.more();
  }

  #noEndpoint(upstream: Upstream): void {
    const wait = retryAfter(upstream, this.client.region, this.#core.now());
    this.#refuse('NO_ENDPOINT', ['retry-after', String(Math.ceil(wait / 1000))]);
  }

  /** Lets another attempt follow where rules, budget and body allow it; false where this one was the last. */
  #retry(asked: number): boolean {
    if (this.#clientGone || !this.#body.resendable) return false;
    const wait = this.#attempts!.takeRetry(asked);
    if (wait < 0) return false;
    this.#body.detach();
    this.#retryTimer ??= new RetryTimer(this.#core.wheel, () => this.#dispatch());
    this.#retryTimer.start(wait);
    return true;
  }

  // ── 4. the upstream answers ────────────────────────────────────────────────────────────────────────────────────

  informed(status: number, headers: Fields): void {
    if (this.#ended || status === 101) return;
    headers.dropHopByHop();
    this.#inbound.inform(status, headers);
  }

  head(status: number, headers: Fields, length: number): void {
    if (this.#ended) return;
    this.#attempts!.answered(status, this.#call?.waited ?? false);
    const { retry } = this.#attempts!.current!.upstream.plan;
    const retryable = retry !== null && retriesReply(retry, this.method, status, headers);
    if (retryable && this.#retry(requestedDelay(headers, this.#core.now()))) return this.#giveUp();
    this.#keepBodyNoMore();
    headers.dropHopByHop();
    if (retryable) headers.set('x-should-retry', 'false');
    this.#reply = { status, headers, body: null, code: '' };
    this.#stream = new ReplyStream(this.#inbound, length);
    if (this.#maps(status, headers)) this.#stage = 'collecting';
    else this.#unwind(this.#reply);
  }

  /** No attempt follows the one whose reply this is: what is kept of the request's body goes, here and at the forwarder. */
  #keepBodyNoMore(): void {
    this.#body.keepNoMore();
    this.#request!.body = null;
  }

  /** The head says that this try failed and another follows: the rest of its reply is not wanted. */
  #giveUp(): void {
    this.#attempts!.succeed();
    this.#dropCall();
  }

  #maps(status: number, headers: Fields): boolean {
    return status >= 400 && this.#route!.plan.errors === 'map' && this.method !== 'HEAD' && !saysJson(headers);
  }

  data(chunk: Buffer): void {
    if (this.#ended || this.#clientGone) return;
    const stream = this.#stream!;
    if (this.#stage === 'streaming') {
      const flow = stream.forward(chunk);
      if (flow === 'wait') this.#call!.pause();
      else if (flow === 'whole') this.#complete();
      return;
    }
    stream.hold(chunk);
    if (this.#stage === 'unwinding') this.#call!.pause();
    else if (stream.received > MAPPED_BODY_MAX) this.#collected();
  }

  drained(): void {
    this.#call?.resume();
  }

  end(trailers: Fields | null): void {
    if (this.#ended || this.#stage === 'sent') return;
    const streaming = this.#stage === 'streaming';
    this.#complete();
    if (this.#clientGone) return this.#finish();
    if (streaming) return this.#stream!.end(trailers);
    this.#stream!.holdEnd(trailers);
    if (this.#stage === 'collecting') this.#collected();
  }

  /** The upstream's reply is whole. */
  #complete(): void {
    if (this.#stage === 'streaming') this.#stage = 'sent';
    this.#attempts!.succeed();
    this.#call = null;
    this.#body.close();
  }

  failed(failure: Failure): void {
    if (this.#ended || this.#stage === 'sent') return;
    const { endpoint, upstream } = this.#attempts!.current!;
    this.#call = null;
    this.#attempts!.fail(failure);
    if (failure.reason === 'busy' && failure.cause !== undefined) this.#core.exhausted(failure.cause);
    this.#core.log.debug({ id: this.id, endpoint: endpoint.id, ...failure }, 'attempt failed');
    if (this.#clientGone) return this.#finish();
    if (this.#stage === 'streaming') return this.#breakOff('UPSTREAM_RESET');
    const { retry } = upstream.plan;
    const listed = this.#stage === 'none' && retry !== null && retriesFailure(retry, failure, this.method);
    if (listed && this.#retry(0)) return;
    this.#refuse(FAILURE_CODES[failure.reason], failureHeaders(failure, listed));
  }

  #breakOff(code: ErrorCode): void {
    this.#stage = 'sent';
    this.code = code;
    this.#stream!.breakOff(code, this.protocol, this.id);
  }

  /** An error body that `errors: map` looks at has come in, or is too long to be kept. */
  #collected(): void {
    const reply = this.#reply!;
    const whole = this.#stream!.takeHeld();
    if (whole !== null && isJsonBody(whole)) reply.body = whole;
    else reply.body = mapError(reply.status, reply.headers, this.protocol, this.id);
    this.#unwind(reply);
  }

  /** The upstream accepts the upgrade. Behind its 101 bytes pass both ways, until either side ends. */
  upgraded(headers: Fields, connection: UpgradedConnection): void {
    if (this.#ended) return;
    this.#attempts!.answered(101, true);
    this.#core.wheel.clear(this);
    headers.dropHopByHop();
    this.#reply = { status: 101, headers, body: null, code: '' };
    this.#stream = new SwitchedReply(this.#inbound, connection, this.#core.tunnels, this.#request!.timeouts.idle);
    this.#unwind(this.#reply);
  }

  // ── 5. the way back ────────────────────────────────────────────────────────────────────────────────────────────

  #refuse(code: ErrorCode, headers: Pairs = []): void {
    this.#answer(this.error(code, headers));
  }

  /**
   * An answer made here takes the place of whatever the upstream may still say: of a reply that a hook holds when the hook
   * is done, unless that reply is whole by then.
   */
  #answer(reply: Reply): void {
    if (this.#ended) return;
    if (this.#stage === 'sent') {
      if (this.code === '') this.code = reply.code;
      return this.#inbound.destroy();
    }
    this.#supersede();
    if (this.#stage === 'streaming') return this.#breakOff(reply.code || 'INTERNAL');
    if (this.#stage === 'unwinding') this.#instead ??= reply;
    else this.#unwind(reply);
  }

  #unwind(reply: Reply): void {
    // Where another answer was made while a policy was still being waited for, that policy is not asked any more.
    this.#waitNoMore();
    this.#stage = 'unwinding';
    this.replyStatus = reply.status;
    this.#unwindFrom(reply, this.#passed - 1);
  }

  #unwindFrom(reply: Reply, from: number): void {
    let current = reply;
    for (let i = from; i >= 0; i--) {
      const edited = runReply(this.#route!.steps[i]!, this, current);
      if (edited === undefined) continue;
      if (edited instanceof Promise) return this.#unwindLater(edited, current, i);
      // Where the hook failed, its answer does not run through the hooks behind it once more.
      current = edited;
    }
    this.#write(current);
  }

  #unwindLater(edited: Promise<Reply | undefined>, current: Reply, i: number): void {
    this.#call?.pause();
    this.#wait(edited, i, 'reply', (reply) => {
      this.#unwindFrom(reply ?? current, i - 1);
      if (this.#stage === 'streaming') this.#call?.resume();
    });
  }

  /** In place of a reply with more fields than may leave: the upstream's fault, or that of the rules. */
  #overfull(): Reply {
    if (this.#reply === null) return this.error('INTERNAL');
    this.#attempts!.fail({ reason: 'protocol', detail: 'the reply has too many fields', sent: true });
    return this.error('UPSTREAM_PROTOCOL');
  }

  /** The one place where a reply's head is written. */
  #write(reply: Reply): void {
    if (reply.headers.overfull) return this.#write(this.#overfull());
    if (reply.body === null && this.#instead !== null && !this.#stream?.ended) return this.#write(this.#instead);
    this.replyStatus = reply.status;
    this.code = reply.code;
    reply.headers.dropId(CONTENT_LENGTH);
    // Nothing more is wanted of the upstream, and only a client could tell when it has got the rest.
    if (this.#clientGone && reply.body !== null) {
      this.#supersede();
      this.#finish();
    } else if (reply.body !== null) {
      this.#supersede();
      this.#stage = 'sent';
      writeWhole(this.#inbound, reply, reply.body);
    } else {
      this.#stage = 'streaming';
      const flow = this.#stream!.start(reply.status, reply.headers);
      if (flow === 'whole') this.#complete();
      else if (flow === 'wait') this.#call?.pause();
    }
  }

  // ── 6. the end ─────────────────────────────────────────────────────────────────────────────────────────────────

  gone(): void {
    if (this.#ended) return;
    this.#clientGone = true;
    const onDisconnect = this.#route?.plan.onDisconnect;
    // Without the rest of its body a request never ends well, and an upgrade is of no use without its client.
    const drains = onDisconnect?.action === 'drain' && this.#body.arrived && this.#inbound.upgrade === '';
    if (this.#call === null || !drains) return this.#finish();
    this.#core.wheel.set(this, onDisconnect.for);
    this.#call.resume();
  }

  shutDown(): void {
    if (this.#ended || this.#stage === 'sent') return;
    if (this.#clientGone) return this.#finish();
    if (this.#stage !== 'streaming') return this.#refuse('SHUTTING_DOWN');
    this.#cancel();
    this.#breakOff('SHUTTING_DOWN');
  }

  done(bytes: number): void {
    this.bytesOut = bytes;
    this.#finish();
  }

  /**
   * The time for all attempts together, or for draining, has run out. That is the endpoint's fault only where it had the
   * whole request and has not answered; behind its head `timeouts.idle` judges it.
   */
  onTimeout(): void {
    if (this.#ended) return;
    if (this.#clientGone) return this.#finish();
    if (this.#call === null && !this.#retryTimer?.waits) return;
    const failure = this.#call?.queued() ?? TIME_IS_OVER;
    const uploads = this.#body.waits && this.#reply === null;
    if (uploads || this.#reply !== null) this.#attempts!.abort();
    else this.#attempts!.fail(failure);
    this.#dropCall();
    if (this.#stage === 'streaming') this.#breakOff('UPSTREAM_TIMEOUT');
    else if (uploads) this.#refuse('REQUEST_TIMEOUT');
    else this.#refuse(FAILURE_CODES[failure.reason], failureHeaders(failure, false));
  }

  /** An answer made here takes the place of the upstream's: an attempt whose head came is judged by that. */
  #supersede(): void {
    if (this.#call !== null && this.#reply !== null) this.#attempts!.succeed();
    this.#cancel();
  }

  /** Ends the attempt under way, if there is one, and the wait for the next. One that has no outcome yet gets none. */
  #cancel(): void {
    if (this.#call !== null) this.#attempts!.abort();
    this.#dropCall();
    this.#body.close();
    this.#retryTimer?.stop();
  }

  #dropCall(): void {
    const call = this.#call;
    this.#call = null;
    call?.cancel();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#cancel();
    this.#ended = true;
    this.#waitNoMore();
    this.#core.wheel.clear(this);
    if (this.#clientGone) {
      if (this.replyStatus === 0) this.replyStatus = ERRORS.CLIENT_CLOSED.status;
      if (this.code === '') this.code = 'CLIENT_CLOSED';
    }
    for (let i = 0; i < this.#passed; i++) runEnd(this.#route!.steps[i]!, this);
    this.#core.ended(this, this.#route, this.#generation, this.#body.received);
  }
}
