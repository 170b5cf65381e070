/**
 * A streamed request body between the client and the attempts: the only one that reads the client and writes to an
 * attempt. While no attempt asks for the body the client is not read, so nothing piles up and nothing is lost on the way
 * from one attempt to the next.
 */
import type { Inbound, UpstreamCall } from '../../types/transport.ts';
import type { BodyBudget } from './body-budget.ts';
import { Pieces } from './pieces.ts';

/** Bytes of a body that are kept so that it can be sent again; a longer one is sent once. */
const KEPT_FOR_RETRY = 262144;
/** And pieces of it: each costs some hundred bytes, whatever its size. */
const PIECES_FOR_RETRY = 256;

/** The client has not been asked for the body; it has been; all of the body has come. */
type Source = 'unread' | 'reading' | 'ended';

/**
 * There is no attempt, or it has all of the body; its request is not on a connection yet; it takes a piece now; it takes
 * none until it asks again; no attempt takes any more of the body.
 */
type Sink = 'none' | 'waiting' | 'open' | 'full' | 'closed';

/**
 * What was given is kept for another attempt; it is not; some of it was dropped, so that the body cannot be sent again.
 */
type Copy = 'kept' | 'none' | 'lost';

export class Upload {
  readonly #inbound: Inbound;
  readonly #budget: BodyBudget;
  /** Bytes kept for another attempt. */
  #held = 0;
  #source: Source = 'unread';
  #received = 0;
  /** What is kept, in order: what the present attempt was given, then what it was not given yet. */
  readonly #pieces = new Pieces();
  /** How many of the pieces the present attempt was given. */
  #given = 0;
  #copy: Copy = 'none';
  /** Small pieces of this turn are given together at its end. */
  #gathering = false;
  #sink: Sink = 'none';
  /** The attempt that takes the body; null where the sink is `none` or `closed`. */
  #call: UpstreamCall | null = null;

  constructor(inbound: Inbound, budget: BodyBudget) {
    this.#inbound = inbound;
    this.#budget = budget;
  }

  /** Can all of the body be given to another attempt? */
  get resendable(): boolean {
    return this.#copy !== 'lost';
  }

  /** The attempt takes a piece now, and the client has sent none. */
  get waits(): boolean {
    return this.#sink === 'open' && this.#source !== 'ended';
  }

  // ── from the client ──

  piece(chunk: Buffer): void {
    if (this.#sink === 'closed') return;
    this.#received += chunk.length;
    if (this.#copy === 'kept') {
      this.#held += chunk.length;
      this.#budget.hold(chunk.length);
    }
    if (!this.#pieces.push(chunk)) this.#give();
    else if (!this.#gathering) {
      this.#gathering = true;
      process.nextTick(giveGathered, this);
    }
  }

  finish(): void {
    this.#source = 'ended';
    this.#flush();
    const asked = this.#sink === 'open' || this.#sink === 'full';
    if (asked && this.#given === this.#pieces.list.length) this.#finishCall();
  }

  /** The attempt has all of the body, and is asked for nothing more. */
  #finishCall(): void {
    const call = this.#call!;
    this.#call = null;
    this.#sink = 'none';
    call.finish();
  }

  #flush(): void {
    this.#pieces.seal();
    this.#give();
  }

  /** At the end of a turn. */
  turnEnds(): void {
    this.#gathering = false;
    if (this.#sink !== 'closed') this.#flush();
  }

  // ── to the attempt ──

  /** `call` gets the body as soon as it asks for it. With `keep`, another attempt may follow. */
  sendTo(call: UpstreamCall, keep: boolean): void {
    this.#call = call;
    this.#sink = 'waiting';
    this.#copy = keep ? 'kept' : 'none';
  }

  /** The attempt takes more: what is here already, then what the client sends. */
  more(): void {
    if (this.#call === null) return;
    this.#sink = 'open';
    this.#flush();
    if (!this.#takes) return;
    if (this.#source === 'ended') this.#finishCall();
    else this.#readOn();
    this.#flush();
  }

  /** The attempt takes a piece now. A getter, because a call in between may have changed it. */
  get #takes(): boolean {
    return this.#sink === 'open';
  }

  /** May what was given be kept in case of a retry? */
  get #keepsOn(): boolean {
    if (this.#copy !== 'kept' || this.#received > KEPT_FOR_RETRY) return false;
    return this.#pieces.list.length <= PIECES_FOR_RETRY && this.#budget.hasRoomFor(0);
  }

  #readOn(): void {
    if (this.#source === 'reading') return this.#inbound.resumeBody();
    this.#source = 'reading';
    this.#inbound.readBody(false);
  }

  /** Gives the attempt what it was not given yet. Where it takes no more, or there is none, the client is not read. */
  #give(): void {
    const { list } = this.#pieces;
    while (this.#takes && this.#given < list.length) {
      if (!this.#call!.write(list[this.#given++]!) && this.#takes) this.#sink = 'full';
      if (!this.#keepsOn) this.#forget();
    }
    if (!this.#takes && this.#source === 'reading') this.#inbound.pauseBody();
  }

  /** Drops what was given. It cannot be given again. */
  #forget(): void {
    this.#letGo();
    this.#copy = 'lost';
    this.#pieces.drop(this.#given);
    this.#given = 0;
  }

  /** The attempt has failed and another follows: until that one asks for the body, the client is not read. */
  detach(): void {
    this.#call = null;
    this.#sink = 'none';
    this.#given = 0;
    if (this.#source === 'reading') this.#inbound.pauseBody();
  }

  /** No attempt will follow the present one, which goes on. */
  keepNoMore(): void {
    this.#forget();
    if (this.#source === 'ended' && this.#pieces.list.length === 0) this.#pieces.clear();
  }

  /** No attempt takes any more of the body: what is held is released, and what still comes is dropped. */
  close(): void {
    this.#sink = 'closed';
    this.#call = null;
    this.#pieces.clear();
    this.#letGo();
  }

  #letGo(): void {
    this.#budget.release(this.#held);
    this.#held = 0;
  }
}

function giveGathered(upload: Upload): void {
  upload.turnEnds();
}
