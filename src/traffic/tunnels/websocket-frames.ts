/** As much of WebSocket (RFC 6455) as a proxy needs to end one in good order: where a frame ends, and a close frame. */
import { randomBytes } from 'node:crypto';

/** Status codes of RFC 6455 §7.4.1: whoever says so goes away; something unforeseen ended it. */
export const GOING_AWAY = 1001;
export const INTERNAL_ERROR = 1011;

const CLOSE = 0x8;
const FIN = 0x80;
const MASKED = 0x80;
const MASK_OCTETS = 4;

/** Follows the frames of one direction (§5.2), whatever extensions are in use: those leave the framing alone. */
export class FrameScanner {
  /** A close frame has passed: nothing may follow it (§5.5.1). */
  closed = false;
  #opcode = -1;
  /** The second octet has been read. */
  #sized = false;
  /** Octets of an extended length still to come. */
  #lengthOctets = 0;
  /** Octets of masking key and payload still to come, once the length is known. */
  #left = 0;
  #masked = false;

  /** No frame is under way: one of ours may stand here, in the midst of a fragmented message as well (§5.4). */
  get between(): boolean {
    return this.#opcode < 0;
  }

  /** Reads all of `chunk`. */
  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at = this.takeFrame(chunk, at);
  }

  /** Reads from `at` on to the end of one frame, or of `chunk`; the index behind it. */
  takeFrame(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#opcode < 0) this.#opcode = chunk[at++]! & 0x0f;
      else if (!this.#sized) this.#size(chunk[at++]!);
      else if (this.#lengthOctets > 0) this.#extend(chunk[at++]!);
      else at += this.#skip(chunk.length - at);
      if (this.#sized && this.#lengthOctets === 0 && this.#left === 0) {
        this.#finish();
        return at;
      }
    }
    return at;
  }

  #size(octet: number): void {
    const length = octet & 0x7f;
    this.#sized = true;
    this.#masked = (octet & MASKED) !== 0;
    this.#lengthOctets = length === 126 ? 2 : length === 127 ? 8 : 0;
    this.#left = this.#lengthOctets > 0 ? 0 : length + this.#maskOctets;
  }

  #extend(octet: number): void {
    this.#left = this.#left * 256 + octet;
    if (--this.#lengthOctets === 0) this.#left += this.#maskOctets;
  }

  get #maskOctets(): number {
    return this.#masked ? MASK_OCTETS : 0;
  }

  #skip(most: number): number {
    const octets = Math.min(most, this.#left);
    this.#left -= octets;
    return octets;
  }

  #finish(): void {
    if (this.#opcode === CLOSE) this.closed = true;
    this.#opcode = -1;
    this.#sized = false;
  }
}

/** A close frame with `code`. `masked`: what a client sends must be (§5.3). */
export function closeFrame(code: number, masked: boolean): Buffer {
  const payload = Buffer.of(code >> 8, code & 0xff);
  if (!masked) return Buffer.of(FIN | CLOSE, payload.length, ...payload);
  const key = randomBytes(MASK_OCTETS);
  return Buffer.of(FIN | CLOSE, MASKED | payload.length, ...key, payload[0]! ^ key[0]!, payload[1]! ^ key[1]!);
}
