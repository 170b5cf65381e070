/** Long texts of the admin listener, compressed for who takes that (RFC 9110 §12.5.3), away from the main thread. */
import type ZLIB from 'node:zlib';

/** Below this it is not worth the trouble. */
const MIN_LENGTH = 65_536;

/** zlib is loaded here, when it is first used: most who ask for metrics of few routes never need it. */
function compress(text: string): Promise<Buffer> {
  const { constants, gzip }: typeof ZLIB = process.getBuiltinModule('node:zlib');
  return new Promise((resolve, reject) => {
    gzip(text, { level: constants.Z_BEST_SPEED }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

/** Whoever asks for the same text at the same time gets the same bytes. */
export class Gzip {
  #text = '';
  #bytes: Promise<Buffer> | null = null;

  /** The text for a client with this `Accept-Encoding`: compressed, or null where it is to go as it is. */
  async of(text: string, accepted: string): Promise<Buffer | null> {
    if (text.length < MIN_LENGTH || !takesGzip(accepted)) return null;
    if (this.#bytes !== null && this.#text === text) return this.#bytes;
    const bytes = compress(text);
    this.#text = text;
    this.#bytes = bytes;
    const forget = (): void => {
      if (this.#bytes !== bytes) return;
      this.#text = '';
      this.#bytes = null;
    };
    void bytes.then(forget, forget);
    return bytes;
  }
}

/** Does the field name `gzip` (or its old name), and not with the weight 0? */
function takesGzip(accepted: string): boolean {
  return accepted.split(',').some((part) => {
    const [coding, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return (coding === 'gzip' || coding === 'x-gzip') && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}
