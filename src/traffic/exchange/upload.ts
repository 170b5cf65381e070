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

export class Upload {
  readonly #inbound: Inbound;
  readonly #budget: BodyBudget;
  /** Bytes kept for another attempt. */
  #held = 0;
  /** The client was asked for the body. */
  #reading = false;
  /** All of it came from the client. */
  #finished = false;
  #received = 0;
  /** What is kept, in order: what the present attempt was given, then what it has not had yet. */
  readonly #pieces = new Pieces();
  /** How many of the pieces the present attempt was given. */
  #given = 0;
  /** Pieces stay after they were given, because another attempt may need them. */
  #keeping = false;
  /** The start of the body is not here any more. */
  #lost = false;
  /** Small pieces of this turn are given together at its end. */
  #gathering = false;
  /** The attempt that takes the body; null while there is none. */
  #call: UpstreamCall | null = null;
  /** It has asked for the body: its request is on a connection. */
  #asked = false;
  /** It takes a piece now. */
  #flowing = false;
  /** No attempt takes any of the body any more. */
  #closed = false;

  constructor(inbound: Inbound, budget: BodyBudget) {
    this.#inbound = inbound;
    this.#budget = budget;
  }

  /** Can all of the body be given to another attempt? */
  get resendable(): boolean {
    return !this.#lost;
  }

  /** The attempt takes a piece now, and the client has sent none. */
  get waits(): boolean {
    return this.#flowing && !this.#finished;
  }

  // ── from the client ──

  piece(chunk: Buffer): void {
    if (this.#closed) return;
    this.#received += chunk.length;
    if (this.#keeping) {
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
    this.#finished = true;
    this.#flush();
    if (this.#asked && this.#given === this.#pieces.list.length) this.#finishCall();
  }

  /** The attempt has all of the body, and is asked for nothing more. */
  #finishCall(): void {
    const call = this.#call;
    this.#call = null;
    call?.finish();
  }

  #flush(): void {
    this.#pieces.seal();
    this.#give();
  }

  /** At the end of a turn. */
  turnEnds(): void {
    this.#gathering = false;
    if (!this.#closed) this.#flush();
  }

  // ── to the attempt ──

  /** `call` takes the body from when it asks for it. With `keep`, another attempt may follow it. */
  sendTo(call: UpstreamCall, keep: boolean): void {
    this.#call = call;
    this.#keeping = keep;
  }

  /** The attempt takes more: what is here already, then what the client sends. */
  more(): void {
    if (this.#call === null) return;
    this.#asked = true;
    this.#flowing = true;
    this.#flush();
    if (!this.#flowing) return;
    if (this.#finished) this.#finishCall();
    else this.#readOn();
    this.#flush();
  }

  /** May what was given be kept in case of a retry? */
  get #keepsOn(): boolean {
    if (!this.#keeping || this.#received > KEPT_FOR_RETRY) return false;
    return this.#pieces.list.length <= PIECES_FOR_RETRY && this.#budget.hasRoomFor(0);
  }

  #readOn(): void {
    if (this.#reading) return this.#inbound.resumeBody();
    this.#reading = true;
    this.#inbound.readBody(false);
  }

  /** Gives the attempt what it has not had. Where it takes no more, or there is none, the client is held back. */
  #give(): void {
    const { list } = this.#pieces;
    while (this.#flowing && this.#given < list.length) {
      this.#flowing = this.#call!.write(list[this.#given++]!);
      if (!this.#keepsOn) this.#forget();
    }
    if (!this.#flowing && this.#reading && !this.#finished) this.#inbound.pauseBody();
  }

  /** Drops what was given. It cannot be given again. */
  #forget(): void {
    this.#keeping = false;
    this.#letGo();
    this.#lost = true;
    this.#pieces.drop(this.#given);
    this.#given = 0;
  }

  /** The attempt has failed and another follows: until that one asks for the body, the client is not read. */
  detach(): void {
    this.#call = null;
    this.#asked = false;
    this.#flowing = false;
    this.#given = 0;
    if (this.#reading && !this.#finished) this.#inbound.pauseBody();
  }

  /** No attempt will follow the present one, which goes on. */
  keepNoMore(): void {
    this.#forget();
    if (this.#finished && this.#pieces.list.length === 0) this.#pieces.clear();
  }

  /** No attempt takes any of the body any more: what is here goes, and what still comes is dropped. */
  close(): void {
    this.#closed = true;
    this.#call = null;
    this.#flowing = false;
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
