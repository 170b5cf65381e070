/**
 * The last net for secrets: replaces every text that came from a secret source in whatever Weir writes. Values are
 * masked where they stand long before (plan/mask.ts); this is for those that find a way nobody thought of.
 */

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

/** Knows secrets of one process and takes them out of texts. */
export class Redactor {
  /** What is shown instead, by every form in which a secret can stand. */
  readonly #shown = new Map<string, string>();
  #pattern: RegExp | null = null;

  /** Takes note of secrets. Those that are too short to be told from other text are left out. */
  add(secrets: Iterable<SecretText>): void {
    const before = this.#shown.size;
    for (const { value, reference } of secrets)
      for (const form of formsOf(value)) if (!this.#shown.has(form)) this.#shown.set(form, reference);
    if (this.#shown.size === before) return;
    const longestFirst = [...this.#shown.keys()].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
  }

  /** `text` with references where secrets stood. */
  text(text: string): string {
    if (this.#pattern === null) return text;
    return text.replace(this.#pattern, (found) => this.#shown.get(found) as string);
  }
}

/** As it is, and each of its lines; in JSON, in a URL. */
function formsOf(value: string): Set<string> {
  const lines = value.includes('\n') ? value.split(/\r?\n/) : [];
  const bare = [value, ...lines.map((line) => line.trim())].filter(isTelling);
  return new Set(bare.flatMap((text) => [text, inJson(text), inUrl(text, encodeURI), inUrl(text, encodeURIComponent)]));
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

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
