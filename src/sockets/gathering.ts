/** What is to be written in one turn of the loop, gathered so that it goes out in one write; large pieces stay uncopied. */
import { latin1, writeLatin1 } from '../fields/chars.ts';
import { Timer } from '../state/wheel.ts';
import { GATHERED_MAX, JOINED_MAX } from './limits.ts';
import type { Native } from './native.ts';

/** Text, then a small piece of a body, then text again; the one kind that is most often all there is. */
export abstract class Gathering extends Timer {
  #text = '';
  /** A piece that stands behind the text, and what follows it. */
  #chunk: Buffer | null = null;
  #after = '';

  /** Text alone. */
  protected abstract writeText(text: string): void;
  /** A small piece, to be copied into one with what stands around it. */
  protected abstract writeJoined(before: string, chunk: Buffer, after: string): void;
  /** A large one. */
  protected abstract writeAround(before: string, chunk: Buffer, after: string): void;

  /** Nothing waits to be handed over. */
  protected get nothingGathered(): boolean {
    return this.#text === '' && this.#chunk === null;
  }

  /** Octets as text, to go out with what else this turn brings. */
  text(text: string): void {
    if (this.#chunk === null) this.#text += text;
    else this.#after += text;
  }

  /** A piece of a body, with its framing around it. */
  piece(before: string, chunk: Buffer, after: string): void {
    if (chunk.length > JOINED_MAX) {
      this.text(before);
      this.#fold();
      this.writeAround(this.#takeText(), chunk, after);
      return;
    }
    if (this.#chunk !== null) this.#makeRoom(chunk.length);
    this.#text += before;
    this.#chunk = chunk;
    this.#after = after;
  }

  /** Another piece follows in the same turn. */
  #makeRoom(more: number): void {
    if (this.#text.length + this.#chunk!.length + more > GATHERED_MAX) this.handOver();
    else this.#fold();
  }

  /** The piece becomes text. */
  #fold(): void {
    const chunk = this.#chunk;
    if (chunk === null) return;
    this.#text += latin1(chunk, 0, chunk.length) + this.#after;
    this.#chunk = null;
    this.#after = '';
  }

  #takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  /** Writes what was gathered. */
  protected handOver(): void {
    const text = this.#takeText();
    const chunk = this.#chunk;
    if (chunk === null) {
      if (text !== '') this.writeText(text);
      return;
    }
    const after = this.#after;
    this.#chunk = null;
    this.#after = '';
    this.writeJoined(text, chunk, after);
  }

  protected forgetGathered(): void {
    this.#text = '';
    this.#chunk = null;
    this.#after = '';
  }
}

/** One buffer: measured, that is the cheapest way to one write (0.2 µs less than one string). */
export function join(native: Native | null, before: string, chunk: Buffer, after: string): Buffer {
  const behind = before.length + chunk.length;
  const size = behind + after.length;
  const room = native === null ? Buffer.allocUnsafe(size) : native.room(size);
  if (before !== '') writeLatin1(room, before, 0);
  chunk.copy(room, before.length);
  if (after !== '') writeLatin1(room, after, behind);
  return room.length === size ? room : room.subarray(0, size);
}
