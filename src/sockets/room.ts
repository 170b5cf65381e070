/**
 * Where what leaves in one turn is put together, octet by octet: one for all sockets of a thread, so that writing a head
 * makes no strings. Whoever begins while another one's octets still stand there has them handed over first.
 */
import { CR, LF, writeLatin1 } from '../fields/chars.ts';

/** Who puts something there. */
export interface Tenant {
  /** Writes what stands there. */
  flush(): void;
}

/** Octets that fit; more are written in parts. */
export const ROOM = 32 * 1024;

/** Views are kept by the low bits of their length: the same replies have the same lengths again and again. */
const VIEWS = 64;

export class Room {
  /** Whose octets stand here; null where there are none. */
  tenant: Tenant | null = null;
  #bytes = Buffer.allocUnsafeSlow(ROOM);
  #used = 0;
  readonly #views = new Array<Buffer | null>(VIEWS).fill(null);

  /** Octets that still fit. */
  get left(): number {
    return ROOM - this.#used;
  }

  /** Text as octets; there must be room. */
  text(text: string): void {
    writeLatin1(this.#bytes, text, this.#used);
    this.#used += text.length;
  }

  octet(code: number): void {
    this.#bytes[this.#used++] = code;
  }

  lineEnd(): void {
    const bytes = this.#bytes;
    bytes[this.#used] = CR;
    bytes[this.#used + 1] = LF;
    this.#used += 2;
  }

  octets(bytes: Buffer): void {
    bytes.copy(this.#bytes, this.#used);
    this.#used += bytes.length;
  }

  /** What stands here, until something else is put here. Nothing does any more. */
  take(): Buffer {
    const used = this.#used;
    this.drop();
    const known = this.#views[used % VIEWS];
    if (known?.length === used) return known;
    const view = this.#bytes.subarray(0, used);
    this.#views[used % VIEWS] = view;
    return view;
  }

  /** Forgets what stands here. */
  drop(): void {
    this.#used = 0;
    this.tenant = null;
  }

  /** `view` came from {@link take} and is still needed: what comes next is put elsewhere. */
  leave(view: Buffer): void {
    if (view.buffer !== this.#bytes.buffer) return;
    this.#bytes = Buffer.allocUnsafeSlow(ROOM);
    this.#views.fill(null);
  }
}
