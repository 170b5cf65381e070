/** Path patterns as rules write them: `/v1/models/:id`, `/v1/admin/**`; and the values of their parameters. */
import { endOfName, normalizePath, withoutParameters } from './path.ts';

/** One segment of a pattern. `exact` has the text '' where the pattern ends in `/`. */
export type Segment =
  | { readonly kind: 'exact'; readonly text: string }
  /** Any one segment that is not empty, under a name. */
  | { readonly kind: 'param'; readonly name: string }
  /** `*`: any one segment that is not empty. */
  | { readonly kind: 'one' }
  /** `**`: whatever follows, also nothing. Only at the end. */
  | { readonly kind: 'rest' };

export interface Pattern {
  readonly text: string;
  readonly segments: readonly Segment[];
}

/** Why a text is no pattern, and the offset in it. */
export interface PatternProblem {
  readonly problem: string;
  readonly at: number;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/**
 * Reads a path pattern. Exact segments must stand in normal form, because that is what requests are matched in: a
 * pattern in another spelling would never match anything.
 */
export function parsePattern(text: string): Pattern | PatternProblem {
  if (!text.startsWith('/')) return { problem: 'a path begins with "/"', at: 0 };
  const segments: Segment[] = [];
  const names = new Set<string>();
  let at = 1;
  for (const written of text.slice(1).split('/')) {
    const last = at + written.length === text.length;
    const segment = parseSegment(written, last);
    if (typeof segment === 'string') return { problem: segment, at };
    if (segment.kind === 'param') {
      if (names.has(segment.name)) return { problem: `":${segment.name}" appears twice in this path`, at };
      names.add(segment.name);
    }
    segments.push(segment);
    at += written.length + 1;
  }
  return { text, segments };
}

/** The segment, or what is wrong with it. */
function parseSegment(written: string, last: boolean): Segment | string {
  if (written === '**') return last ? { kind: 'rest' } : '"**" can only be the last segment';
  if (written === '*') return { kind: 'one' };
  if (written.startsWith(':')) {
    const name = written.slice(1);
    return NAME.test(name) ? { kind: 'param', name } : 'a parameter is ":" and a name of letters, digits, "_" and "-"';
  }
  if (written.includes('*')) return '"*" stands for a whole segment, not for a part of one';
  if (written === '' && !last) return 'an empty segment: no request has one, "//" is refused';
  const normal = normalizePath(`/${written}`);
  if (normal !== null && withoutParameters(normal) !== normal)
    return `segments are matched without parameters: leave out what follows the ";" in "${written}"`;
  if (/[?#]/.test(written)) return 'a pattern is for the path alone, without query and fragment';
  if (normal === null) return `no request can have the segment "${written}": it is ambiguous and refused`;
  if (normal !== `/${written}`) return `paths are matched in normal form: write "${normal.slice(1)}"`;
  return { kind: 'exact', text: written };
}

/**
 * Reader of the value of `:name` in a path that `pattern` matches; null where the pattern has no such parameter. Values
 * stay percent-encoded, so they cannot bring control characters or separators anywhere.
 */
export function paramReader(pattern: string, name: string): ((path: string) => string) | null {
  const parsed = parsePattern(pattern);
  if ('problem' in parsed) return null;
  const index = parsed.segments.findIndex((segment) => segment.kind === 'param' && segment.name === name);
  return index < 0 ? null : (path) => segmentAt(path, index);
}

/** The segment number `index` (from 0) of a path without its parameters, or '' where it has fewer. */
function segmentAt(path: string, index: number): string {
  const slash = slashBefore(path, index);
  if (slash < 0) return '';
  const next = path.indexOf('/', slash + 1);
  const end = next < 0 ? path.length : next;
  return path.slice(slash + 1, endOfName(path, slash + 1, end));
}

/** Offset of the `/` before segment number `index` (from 0), or -1 where a path has fewer segments. */
export function slashBefore(path: string, index: number): number {
  let slash = path.charCodeAt(0) === 0x2f ? 0 : -1;
  for (let i = 0; i < index && slash >= 0; i++) slash = path.indexOf('/', slash + 1);
  return slash;
}
