/** The octets of a line that is not whole yet, in one place, so that the scan can go on where it stopped. */

const NOTHING = Buffer.alloc(0);
const SIZE_MIN = 256;

export class HeldOctets {
  /** What is held; only the first `size` octets count. */
  bytes: Buffer = NOTHING;
  size = 0;

  /** Copies octets behind those that are held. */
  add(bytes: Buffer, from: number, to: number): void {
    const size = this.size + to - from;
    if (size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, SIZE_MIN, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.size);
      this.bytes = larger;
    }
    bytes.copy(this.bytes, this.size, from, to);
    this.size = size;
  }

  /** Forgets the first so many octets, and the memory where none is left. */
  drop(octets: number): void {
    this.bytes.copyWithin(0, octets, this.size);
    this.size -= octets;
    if (this.size === 0) this.bytes = NOTHING;
  }
}
