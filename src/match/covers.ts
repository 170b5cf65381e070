/** Whether one route leaves nothing to another: what "unreachable route" in `weir check` means. */
import type { MatchPlan } from '../types/plan.ts';
import { impliedMethods, specificity } from './leaf.ts';
import { type Pattern, parsePattern, type Segment } from './pattern.ts';
import { hostsOf } from './router.ts';

/**
 * True where `b`, written after `a`, can never win a request: whatever matches `b` matches `a` too, and `a` ranks at
 * least as high for it. Looks at the two alone: routes that only together cover a third are not found.
 */
export function covers(a: MatchPlan, b: MatchPlan): boolean {
  const first = parsePattern(a.path);
  const second = parsePattern(b.path);
  if ('problem' in first || 'problem' in second) return false;
  // A host that covers another and is at least as specific can only be the same one.
  const hosts = hostsOf(a);
  if (!hostsOf(b).every((host) => hosts.includes(host))) return false;
  const path = coversPath(first, second);
  if (path === 'no' || !coversConditions(a, b)) return false;
  return path === 'above' || specificity(a) >= specificity(b);
}

/** `same`: covers at the same rank; `above`: covers and ranks higher. */
function coversPath(a: Pattern, b: Pattern): 'no' | 'same' | 'above' {
  let above = false;
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const left = a.segments[i];
    const right = b.segments[i];
    // Rank is decided at the first difference; only there may `**` stand against something else.
    if (left?.kind === 'rest') return right?.kind === 'rest' ? (above ? 'above' : 'same') : above ? 'above' : 'no';
    if (left === undefined || right === undefined || !coversSegment(left, right)) return 'no';
    if (!above && rankOf(left) > rankOf(right)) return 'no';
    above ||= rankOf(left) < rankOf(right);
  }
  return above ? 'above' : 'same';
}

function coversSegment(a: Segment, b: Segment): boolean {
  if (b.kind === 'rest') return false;
  if (a.kind === 'exact') return b.kind === 'exact' && a.text === b.text;
  return b.kind !== 'exact' || b.text !== '';
}

function rankOf(segment: Segment): number {
  return ['exact', 'param', 'one', 'rest'].indexOf(segment.kind);
}

function coversConditions(a: MatchPlan, b: MatchPlan): boolean {
  for (const [name, value] of Object.entries(a.headers)) {
    const other = b.headers[name];
    if (other === undefined || (value !== '*' && value !== other)) return false;
  }
  return contains(a.countries, b.countries) && coversMethods(impliedMethods(a.methods), impliedMethods(b.methods));
}

/** Null means any but TRACE, which must be named. */
function coversMethods(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return contains(a, b) && !(a === null && b?.includes('TRACE'));
}

/** Null and empty mean any. */
function contains(outer: readonly string[] | null, inner: readonly string[] | null): boolean {
  if (outer === null || outer.length === 0) return true;
  return inner !== null && inner.length > 0 && inner.every((value) => outer.includes(value));
}
