/**
 * Secrets out of what is shown. What came from the environment is shown as it is written in the file, wherever it landed
 * in the plan: what a kind or a resolver made of it is found by its text, among what came from the same entry.
 */
import { posix } from 'node:path';
import type { ScalarOrigin } from './environment.ts';
import type { Injected } from './injected.ts';

const MASK = '***';

/** Characters. What is shorter is replaced where it is all of a text, and not within others. */
const LEAST_WITHIN = 4;
/** Characters of a text that cannot be a part of an injected value by chance. */
const LEAST_PART = 8;

/**
 * Up to the last `@` of an authority, as URLs are read (WHATWG URL, authority state): a password may hold another.
 * Schemes are short, so that a long line without one takes no quadratic time.
 */
const USERINFO = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"`]+@/gi;

/** User names and passwords out of URLs. They are credentials, wherever they come from (RFC 3986 §3.2.1). */
export function withoutUserinfo(text: string): string {
  return text.includes('@') ? text.replace(USERINFO, `$1${MASK}@`) : text;
}

/** Makes a copy of plain data fit to be shown: `{secret: …}` reads `***`, and what is injected reads as written. */
export type Mask = (value: unknown) => unknown;

/** A mask for what was made of values that hold `injected`. Numbers, true and false are shown as they are. */
export function createMask(injected: readonly Injected[] = []): Mask {
  const forms = new Map<string, string>();
  for (const { origin } of injected)
    for (const [form, shown] of formsIn(origin)) if (!forms.has(form)) forms.set(form, shown);
  const longestFirst = [...forms].sort(([a], [b]) => b.length - a.length);
  const text = (value: string): string => {
    const shown = forms.get(value) ?? within(value, longestFirst);
    return withoutUserinfo(shown === value ? (wholeOf(value, injected) ?? value) : shown);
  };
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(mask);
    if (value === null || typeof value !== 'object') return value;
    if (isSecret(value)) return { secret: MASK };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
  };
  return mask;
}

/** A copy of plain data in which every `{secret: …}` reads `{secret: '***'}`. */
export const maskSecrets: Mask = createMask();

/** Every `{secret: …}` in plain data. */
export function secretsWithin(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return isSecret(value) ? [value.secret] : Object.values(value).flatMap(secretsWithin);
}

function isSecret(value: object): value is { secret: string } {
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === 'secret' && typeof (value as { secret: unknown }).secret === 'string';
}

function within(value: string, forms: readonly (readonly [string, string])[]): string {
  let masked = value;
  for (const [form, shown] of forms)
    if (form.length >= LEAST_WITHIN && masked.includes(form)) masked = masked.replaceAll(form, () => shown);
  return masked;
}

/** What is written where `value` is a part of what that made, and is not written there itself. */
function wholeOf(value: string, injected: readonly Injected[]): string | undefined {
  if (value.length < LEAST_PART) return undefined;
  const lower = value.toLowerCase();
  const isPart = ({ text, written }: ScalarOrigin): boolean =>
    text.toLowerCase().includes(lower) && !written.toLowerCase().includes(lower);
  return injected.find(({ origin }) => isPart(origin))?.origin.written;
}

/** Texts that come of an origin, and what is shown for each: of the whole, of each variable, and of parts of both. */
function formsIn({ text, written, values }: ScalarOrigin): [string, string][] {
  const ofValues = values.flatMap(({ value, reference }) =>
    [...spellings(value), ...urlParts(value)].map((form): [string, string] => [form, reference]),
  );
  const isToldByValues = (part: string): boolean =>
    written.toLowerCase().includes(part) ||
    ofValues.some(([form]) => form.length >= LEAST_WITHIN && part.includes(form));
  const parts = urlParts(text).filter((part) => !isToldByValues(part));
  const whole = [...spellings(text), ...parts].map((form): [string, string] => [form, written]);
  return [...whole, ...ofValues].filter(([form]) => form !== '' && form !== '/');
}

/** What the checks and kinds here may make of a text: other case, JSON, UTF-8 as one character a byte, a plain path. */
function spellings(text: string): string[] {
  const bytes = Buffer.from(text).toString('latin1');
  const path = posix.normalize(text).replace(/^(\.{1,2}\/)+/, '');
  return [text, text.trim(), text.toLowerCase(), text.toUpperCase(), JSON.stringify(text).slice(1, -1), bytes, path];
}

function urlParts(text: string): string[] {
  const url = URL.parse(text);
  if (url === null || url.host === '') return [];
  const { href, origin, host, hostname, pathname, username, password } = url;
  const address = hostname.replace(/^\[|\]$/g, '');
  const bare = [text, pathname].map((form) => form.replace(/\/+$/, ''));
  return [href, origin, host, hostname, address, pathname, username, password, ...bare];
}
