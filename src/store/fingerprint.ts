/**
 * Keyed 96-bit fingerprints of strings: what the tables remember in place of the keys themselves.
 *
 * HalfSipHash-2-4 (Aumasson & Bernstein) with all 128 bits of its state keyed and its output prolonged the way
 * SipHash-128 does it. Who does not know the seed cannot build two keys that collide; and by chance, among a million
 * live nonces, one in 2^76 new ones is taken for an old one.
 */
export class Fingerprint {
  /** The three words of the last {@link of}. */
  readonly words: Int32Array = new Int32Array(3);
  readonly #k0: number;
  readonly #k1: number;
  readonly #k2: number;
  readonly #k3: number;

  /** @param seed four random words; all who share a table use the same. */
  constructor(seed: Int32Array) {
    this.#k0 = seed[0]!;
    this.#k1 = seed[1]!;
    this.#k2 = seed[2]! ^ 0x6c796765;
    this.#k3 = seed[3]! ^ 0x74656462;
  }

  /** Leaves the fingerprint of `key` in {@link words}; the first of them is never 0. Allocates nothing. */
  of(key: string): void {
    let v0 = this.#k0;
    let v1 = this.#k1 ^ 0xee;
    let v2 = this.#k2;
    let v3 = this.#k3;
    const length = key.length;
    // Two UTF-16 units a word, then a last word with the odd unit and the length, so that no two keys read alike.
    const pairs = length & ~1;
    for (let i = 0; i <= pairs; i += 2) {
      const word =
        i < pairs
          ? key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16)
          : ((length & 1) === 1 ? key.charCodeAt(i) : 0) | (length << 16);
      v3 ^= word;
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
    }
    v2 ^= 0xee;
    for (let out = 0; out < 3; out++) {
      for (let round = 0; round < 4; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      this.words[out] = v1 ^ v3;
      v1 ^= 0xdd;
    }
    if (this.words[0] === 0) this.words[0] = 1;
  }
}
