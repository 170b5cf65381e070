/**
 * The last net for secrets: replaces every text that came from a secret source in whatever Weir writes. Values are
 * masked where they stand long before (plan/mask.ts); this is for those that find a way nobody thought of.
 */

import { Sieve } from './sieve.ts';

/** A text that must not be shown, and what is shown instead. */
export interface SecretText {
  readonly value: string;
  readonly reference: string;
}

/** Characters. Ports, weights and most names are shorter, and would become unreadable wherever they stand. */
const LEAST = 8;
/** The same for plain words and plain numbers: field names of the log and times of day are such. */
const LEAST_PLAIN = 16;
const PLAIN = /^([A-Za-z]+|\d+)$/;
/** The same for a value that a rule made, and that nothing else stands in. */
const LEAST_IN_VALUE = 4;

/** Characters at the end of a window of {@link LEAST} that say how far it can move on. */
const BLOCK = 3;
const SLOTS = 2 ** 16;

/** Forms that begin with the same {@link LEAST} characters: what is shown for each, and the lengths they have. */
interface Bucket {
  readonly shown: Map<string, string>;
  /** Longest first. */
  lengths: readonly number[];
}

/**
 * Knows secrets of one process and takes them out of texts. Every form has at least {@link LEAST} characters, so a search
 * looks at one place in six where it finds nothing, however many there are (Wu and Manber, "A Fast Algorithm for
 * Multi-Pattern Searching", 1994). One regular expression for all takes 2 to 7 µs for a line of the log with a
 * hundred secrets that begin differently, seconds to compile with thousands, and throws where it is too large.
 */
export class Redactor {
  readonly #buckets = new Map<string, Bucket>();
  /** Those that are left out, by value. */
  readonly #short = new Map<string, string>();
  /** By the hash of a block: how far the window moves on. */
  #moves: Uint8Array | null = null;
  readonly #sieve = new Sieve();

  /** Takes note of secrets. Those that are too short to be told from other text are left out. */
  add(secrets: Iterable<SecretText>): void {
    for (const { value, reference } of secrets) {
      // Whatever is shown stands inside a text of JSON too.
      const shown = inJson(reference);
      for (const form of formsOf(value)) this.#learn(form, shown);
      if (!isTelling(value) && !this.#short.has(value)) this.#short.set(value, reference);
    }
  }

  /** `text` with references where secrets stood. */
  text(text: string): string {
    return this.#redact(text, false);
  }

  /** The same for JSON: what can only stand across the quotes of several of its texts is left there. */
  json(json: string): string {
    return this.#redact(json, true);
  }

  /** The same for UTF-8, whole lines of the log for example: the bytes themselves where no secret stands in them. */
  jsonBytes(json: Uint8Array): Uint8Array {
    const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
    if (!this.#sieve.finds(bytes)) return json;
    const text = bytes.toString();
    const shown = this.json(text);
    return shown === text ? json : Buffer.from(shown);
  }

  /** The same for a text that is a value which a rule made, a header's for example: short secrets are known there too. */
  value(value: string): string {
    let shown = this.#short.get(value);
    if (shown !== undefined) return shown;
    shown = this.text(value);
    const longestFirst = [...this.#short].sort(([a], [b]) => b.length - a.length);
    for (const [secret, reference] of longestFirst)
      if (secret.length >= LEAST_IN_VALUE) shown = shown.replaceAll(secret, () => reference);
    return shown;
  }

  #learn(form: string, shown: string): void {
    const start = form.slice(0, LEAST);
    const bucket = this.#buckets.get(start) ?? { shown: new Map<string, string>(), lengths: [] };
    if (bucket.shown.has(form)) return;
    bucket.shown.set(form, shown);
    this.#sieve.add(form);
    if (!bucket.lengths.includes(form.length)) bucket.lengths = [...bucket.lengths, form.length].sort((a, b) => b - a);
    this.#buckets.set(start, bucket);
    this.#moves ??= new Uint8Array(SLOTS).fill(LEAST - BLOCK + 1);
    for (let at = 0; at <= LEAST - BLOCK; at++) {
      const slot = slotOf(form, at);
      this.#moves[slot] = Math.min(this.#moves[slot]!, LEAST - BLOCK - at);
    }
  }

  #redact(text: string, isJson: boolean): string {
    const moves = this.#moves;
    if (moves === null) return text;
    const last = text.length - LEAST;
    let out = '';
    let from = 0;
    let at = 0;
    while (at <= last) {
      const move = moves[slotOf(text, at + LEAST - BLOCK)];
      const found = move === 0 ? this.#formAt(text, at, isJson) : null;
      if (found === null) {
        at += move || 1;
        continue;
      }
      out += text.slice(from, at) + found.shown;
      at += found.length;
      from = at;
    }
    return from === 0 ? text : out + text.slice(from);
  }

  /** The longest form that stands at `at`. */
  #formAt(text: string, at: number, isJson: boolean): { readonly shown: string; readonly length: number } | null {
    const bucket = this.#buckets.get(text.slice(at, at + LEAST));
    if (bucket === undefined) return null;
    for (const length of bucket.lengths) {
      const form = text.slice(at, at + length);
      const shown = bucket.shown.get(form);
      if (shown !== undefined && !(isJson && BARE_QUOTE.test(form))) return { shown, length };
    }
    return null;
  }
}

/** A quote that ends or begins a text of JSON. */
const BARE_QUOTE = /(?:^|[^\\])(?:\\\\)*"/;

function slotOf(text: string, at: number): number {
  const hash = text.charCodeAt(at) * 1_021 + text.charCodeAt(at + 1) * 31 + text.charCodeAt(at + 2);
  return hash & (SLOTS - 1);
}

/** As it is, and each of its lines; in JSON, in a URL; in lower case, as a host is shown by what cannot find it. */
function formsOf(value: string): Set<string> {
  const lines = value.includes('\n') ? value.split(/\r?\n/) : [];
  const bare = [value, ...lines.map((line) => line.trim())].filter(isTelling);
  const forms = (text: string): string[] => [
    text,
    inJson(text),
    inUrl(text, encodeURI),
    inUrl(text, encodeURIComponent),
    text.toLowerCase(),
  ];
  return new Set(bare.flatMap(forms));
}

function isTelling(text: string): boolean {
  return text.length >= (PLAIN.test(text) ? LEAST_PLAIN : LEAST);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A text that is no well-formed UTF-16 has no such form. */
function inUrl(text: string, encode: (text: string) => string): string {
  return text.isWellFormed() ? encode(text) : text;
}
