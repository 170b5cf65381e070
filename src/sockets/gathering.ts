/** What is to be written in one turn of the loop, gathered so that it goes out in one write; large pieces stay uncopied. */
import { Timer } from '../state/wheel.ts';
import { GATHERED_MAX, JOINED_MAX } from './limits.ts';
import { ROOM, type Room, type Tenant } from './room.ts';

export abstract class Gathering extends Timer implements Tenant {
  readonly #room: Room;

  constructor(room: Room) {
    super();
    this.#room = room;
  }

  /** Octets that stand in the room until something else is put there. */
  protected abstract writeGathered(octets: Buffer): void;
  /** A large piece, with what stands before it (null: nothing) and what follows it. */
  protected abstract writeAround(before: Buffer | null, chunk: Buffer, after: string): void;

  /** Nothing waits to be handed over. */
  protected get nothingGathered(): boolean {
    return this.#room.tenant !== this;
  }

  /** The place for so many octets, behind what was gathered before; null where they are too many for it. */
  place(octets: number): Room | null {
    const room = this.#room;
    if (room.tenant !== this) room.tenant?.flush();
    else if (octets > room.left) this.flush();
    if (octets > ROOM) return null;
    room.tenant = this;
    return room;
  }

  /** Octets as text, to go out with what else this turn brings. */
  text(text: string): void {
    if (text === '') return;
    const room = this.place(text.length);
    if (room === null) this.writeAround(null, Buffer.from(text, 'latin1'), '');
    else room.text(text);
  }

  /** A piece of a body, with its framing around it. */
  piece(before: string, chunk: Buffer, after: string): void {
    if (chunk.length > JOINED_MAX) {
      if (before !== '') this.text(before);
      this.writeAround(this.nothingGathered ? null : this.#room.take(), chunk, after);
      return;
    }
    const octets = before.length + chunk.length + after.length;
    if (!this.nothingGathered && ROOM - this.#room.left + octets > GATHERED_MAX) this.flush();
    const room = this.place(octets)!;
    if (before !== '') room.text(before);
    room.octets(chunk);
    if (after !== '') room.text(after);
  }

  /** Hands over what was gathered. */
  flush(): void {
    if (!this.nothingGathered) this.writeGathered(this.#room.take());
  }

  protected forgetGathered(): void {
    if (!this.nothingGathered) this.#room.drop();
  }
}
