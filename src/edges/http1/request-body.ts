/** The receiving half of a request: its head, and its body on the way to the exchange, held, read or discarded. */
import type { Fields } from '../../fields/fields.ts';
import type { RequestHead } from '../../http1/request-reader.ts';
import type { InboundEvents, Peer } from '../../types/transport.ts';
import type { ClientConnection } from './client-connection.ts';
import { DISCARD_MAX } from './limits.ts';

/** What is done with the body. */
const HOLD = 0;
const READ = 1;
const DISCARD = 2;

export abstract class Http1RequestBody {
  events!: InboundEvents;
  readonly upgrade: string;
  /** Bytes of the body that came in; counted anew once they are discarded. */
  received = 0;
  /** Part of the request has yet to come. */
  bodyPending: boolean;
  /** `gone` or `done` was told, or an upgrade took the connection. */
  over = false;

  protected readonly connection: ClientConnection;
  protected readonly request: RequestHead;
  #mode = HOLD;
  #paused = false;
  /** `bodyEnd` or `bodyFailed` was told. */
  #told = false;
  #broke: 'malformed' | 'timeout' | '' = '';

  constructor(connection: ClientConnection, head: RequestHead, upgrade: string) {
    this.connection = connection;
    this.request = head;
    this.upgrade = upgrade;
    this.bodyPending = head.bodyLength !== 0;
  }

  get method(): string {
    return this.request.method;
  }
  get target(): string {
    return this.request.target;
  }
  get version(): '1.0' | '1.1' {
    return this.request.version;
  }
  get headers(): Fields {
    return this.request.headers;
  }
  get bodyLength(): number {
    return this.request.bodyLength;
  }
  get expectsContinue(): boolean {
    return this.request.expectsContinue;
  }
  get peer(): Peer {
    return this.connection;
  }
  get isGrpc(): boolean {
    return false;
  }
  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }
  get secure(): boolean {
    return this.connection.secure;
  }

  /** Nothing of the body is wanted now. */
  get holdsBody(): boolean {
    return this.#mode === HOLD || (this.#mode === READ && this.#paused);
  }

  /** Nobody has asked for the body yet. */
  protected get unread(): boolean {
    return this.#mode === HOLD;
  }

  /** The client may be waiting for a `100 Continue`. */
  protected abstract sendContinue(): void;

  readBody(_whole: boolean): void {
    if (this.#mode !== HOLD || this.over) return;
    this.#mode = READ;
    if (this.#broke !== '') this.#fail(this.#broke);
    else if (!this.bodyPending) this.#end(null);
    else {
      if (this.expectsContinue) this.sendContinue();
      if (!this.#paused) this.connection.resumeBody();
    }
  }

  pauseBody(): void {
    if (this.over || this.#mode === DISCARD) return;
    this.#paused = true;
    this.connection.pauseBody();
  }

  resumeBody(): void {
    if (!this.#paused || this.over) return;
    this.#paused = false;
    if (this.#mode === READ) this.connection.resumeBody();
  }

  /** A piece of the body, from the connection. */
  piece(chunk: Buffer): void {
    this.received += chunk.length;
    if (this.#mode === READ) {
      if (!this.#told) this.events.bodyData(chunk);
    } else if (this.received > DISCARD_MAX) this.connection.overrun(this);
  }

  /** The request is whole. */
  whole(trailers: Fields | null): void {
    this.bodyPending = false;
    if (this.#mode === READ) this.#end(trailers);
  }

  /** The rest of the body will not come, or not in a readable form. */
  bodyBroke(why: 'malformed' | 'timeout'): void {
    this.bodyPending = false;
    this.#broke = why;
    if (this.#mode === READ) this.#fail(why);
  }

  /** The answer is complete and nobody will read the rest of the body. */
  protected discardBody(): void {
    this.#mode = DISCARD;
    this.received = 0;
    if (this.bodyPending) this.connection.resumeBody();
  }

  /** The connection is gone, or the reply was broken off. */
  lost(): void {
    if (this.over) return;
    if (this.#mode === READ && this.bodyPending) this.#fail('gone');
    this.over = true;
    this.events.gone();
  }

  #end(trailers: Fields | null): void {
    if (this.#told || this.over) return;
    this.#told = true;
    this.events.bodyEnd(trailers);
  }

  #fail(why: 'malformed' | 'timeout' | 'gone'): void {
    if (this.#told || this.over) return;
    this.#told = true;
    this.events.bodyFailed(why);
  }
}
