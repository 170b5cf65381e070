/** One request that asks to switch protocols (RFC 9110 §7.8): HTTP/1.1 on a connection of its own. */
import type { Socket } from 'node:net';
import type { Fields } from '../../fields/fields.ts';
import { type ResponseHead, ResponseReader, type ResponseSink } from '../../http1/response-reader.ts';
import type { RuleCode } from '../../http1/rules.ts';
import { Timer } from '../../state/wheel.ts';
import type { Failure, UpstreamCall, UpstreamEvents, UpstreamRequest } from '../../types/transport.ts';
import { Dial } from '../dial.ts';
import { faultFailure, lateFailure, lossFailure } from './failures.ts';
import { upgradeFault } from './handshake.ts';
import { REPLY_LIMITS } from './limits.ts';
import { headOf } from './request.ts';
import type { Upgrades } from './upgrades.ts';
import { lengthOf } from './upstream-connection.ts';

/**
 * How far it is: the connection is being made; the request is sent; an ordinary reply comes in place of the 101; the
 * protocol is switched; all is told.
 */
type Stage = 'connecting' | 'sent' | 'declined' | 'upgraded' | 'over';

/**
 * Whatever the answer, no other request is put on the connection. Limits: `pool.connect`, `pool.tlsHandshake`, then
 * `timeouts.firstByte` for the head of the answer and `timeouts.idle` between the pieces of a reply that declines.
 */
export class UpgradeCall extends Timer implements UpstreamCall, ResponseSink {
  /** Its connection is always new. */
  readonly waited = true;
  readonly #request: UpstreamRequest;
  readonly #to: UpstreamEvents;
  readonly #owner: Upgrades;
  readonly #reader = new ResponseReader(REPLY_LIMITS, this);
  #stage: Stage = 'connecting';
  #head = '';
  #dial: Dial | null = null;
  #socket: Socket | null = null;
  #paused = false;
  #cancelled = false;
  // What the reader told while it was at work. It is acted on when the reader is done with what it was given.
  #reading = false;
  #switched: Fields | null = null;
  #whole = false;
  #trailers: Fields | null = null;
  #fault: RuleCode | '' = '';

  constructor(request: UpstreamRequest, to: UpstreamEvents, owner: Upgrades) {
    super();
    this.#request = request;
    this.#to = to;
    this.#owner = owner;
  }

  start(): void {
    if (this.#owner.closed) {
      this.#failLater({ reason: 'connect', detail: 'the forwarder is closed', sent: false });
      return;
    }
    try {
      this.#head = upgradeHead(this.#request);
    } catch (error) {
      this.#failLater({ reason: 'protocol', detail: (error as Error).message, sent: false });
      return;
    }
    this.#dial = new Dial(this.#owner.dialFor(this.#request.endpoint), this.#dialed);
  }

  // ── the connection ──

  #dialed = (failure: Failure | null, socket: Socket | null): void => {
    this.#dial = null;
    if (socket === null) {
      this.#fail(failure!);
      return;
    }
    this.#stage = 'sent';
    this.#socket = socket;
    // An end behind the 101 is the tunnel's to pass on.
    socket.allowHalfOpen = true;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    this.#owner.connected();
    this.#reader.begin(this.#request.method);
    socket.write(this.#head, 'latin1');
    this.#owner.loop.wheel.limit(this, this.#request.timeouts.firstByte);
  };

  #onData = (chunk: Buffer): void => {
    this.#owner.loop.within(() => {
      this.#reading = true;
      this.#reader.push(chunk);
      this.#conclude();
    });
  };

  #onEnd = (): void => {
    this.#owner.loop.within(() => {
      this.#reading = true;
      this.#reader.finish();
      this.#conclude();
    });
  };

  #onError = (error: Error): void => {
    this.#owner.loop.within(() => this.#lost(error));
  };

  #onClose = (): void => {
    this.#owner.loop.within(() => this.#lost(null));
  };

  /** After an orderly end everything that was to come is here. */
  #lost(error: Error | null): void {
    if (!this.#socket!.readableEnded) this.#fail(lossFailure(error, this.#stage === 'declined', true));
  }

  override onTimeout(): void {
    this.#fail(lateFailure(this.#stage === 'declined' ? 'the reply stopped' : 'no reply came'));
  }

  // ── the reader's side ──

  informed(status: number, headers: Fields): void {
    if (this.#stage !== 'sent' || status === 100) return;
    headers.dropFraming();
    this.#to.informed(status, headers);
  }

  head(head: ResponseHead): void {
    if (this.#stage !== 'sent') return;
    if (head.status === 101) {
      this.#switched = head.headers;
      return;
    }
    this.#stage = 'declined';
    this.#to.head(head.status, head.headers, lengthOf(head, this.#request.method));
    if (this.#paused) this.#hold();
  }

  data(chunk: Buffer): void {
    if (this.#stage === 'declined') this.#to.data(chunk);
  }

  end(trailers: Fields | null): void {
    this.#whole = true;
    this.#trailers = trailers;
  }

  refused(code: RuleCode): void {
    this.#fault = code;
  }

  #conclude(): void {
    this.#reading = false;
    if (this.#stage === 'over') return;
    if (this.#switched !== null) this.#handOver(this.#switched);
    else if (this.#whole) this.#declinedWhole();
    else if (this.#fault !== '') this.#fail(faultFailure(this.#fault, this.#stage === 'declined'));
    else if (this.#stage === 'declined') this.#watch();
  }

  /** Whoever holds the reply may take as long as it likes. */
  #watch(): void {
    this.#owner.loop.wheel.limit(this, this.#paused ? 0 : this.#request.timeouts.idle);
  }

  #declinedWhole(): void {
    this.#end();
    this.#to.end(this.#trailers);
  }

  /** The connection is the receiver's from here on. It is open until it closes. */
  #handOver(headers: Fields): void {
    const fault = upgradeFault(this.#request.upgrade, this.#request.headers, headers);
    if (fault !== '') {
      this.#fail({ reason: 'protocol', detail: fault, sent: true });
      return;
    }
    this.#stage = 'upgraded';
    this.#owner.loop.wheel.clear(this);
    const socket = this.#socket!;
    socket.pause();
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose);
    // It may break before its receiver listens, who sees it closed then; unheard, the error would end the process.
    socket.on('error', ignore);
    socket.once('close', () => this.#owner.ended());
    this.#to.upgraded(headers, { socket, early: this.#reader.takeRest() });
  }

  // ── the exchange's side ──

  /** An upgrade has no body. */
  write(): boolean {
    return true;
  }
  finish(): void {}

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#stage === 'declined') this.#hold();
  }

  #hold(): void {
    this.#reader.pause();
    this.#socket!.pause();
    this.#watch();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#stage !== 'declined') return;
    this.#socket!.resume();
    const within = this.#reading;
    this.#reading = true;
    this.#reader.resume();
    if (!within) this.#conclude();
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.#stage === 'upgraded') this.#socket!.destroy();
    else this.#end();
  }

  /** No other request can keep it waiting. */
  queued(): null {
    return null;
  }

  // ── ways out ──

  #end(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#owner.loop.wheel.clear(this);
    this.#dial?.cancel();
    this.#dial = null;
    this.#socket?.destroy();
    this.#owner.ended();
  }

  #fail(failure: Failure): void {
    if (this.#stage === 'over') return;
    this.#end();
    this.#to.failed(failure);
  }

  /** For failures that are found while the exchange is still speaking. */
  #failLater(failure: Failure): void {
    this.#end();
    setImmediate(() => {
      if (!this.#cancelled) this.#to.failed(failure);
    });
  }
}

/** The head as it goes on the wire (RFC 9110 §7.8). @throws {RangeError} where a part of it cannot be sent. */
function upgradeHead(request: UpstreamRequest): string {
  const headers = request.headers.copy();
  headers.addAll(['Connection', 'Upgrade', 'Upgrade', request.upgrade]);
  return headOf({ ...request, headers, body: null, bodyLength: 0 });
}

function ignore(): void {}
