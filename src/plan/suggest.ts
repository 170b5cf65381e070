/** Did you mean: the nearest of some names by edit distance. */

/** Optimal string alignment distance, ignoring case; gives up (Infinity) above `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]! <= limit ? previous[b.length]! : Number.POSITIVE_INFINITY;
}

/** The name nearest to `word`, or undefined where none is near enough to be meant. The first of equals wins. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > 64) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let limit = Math.max(1, Math.floor(word.length / 3));
  for (const name of names) {
    const found = distance(lower, name.toLowerCase(), limit);
    if (found > limit || (best !== undefined && found >= limit)) continue;
    best = name;
    limit = found;
    if (found === 0) break;
  }
  return best;
}

const MOST_LISTED = 12;

/** A hint: the nearest name, or else the names there are. */
export function didYouMean(word: string, names: readonly string[], what = 'known here'): string {
  const near = nearest(word, names);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  if (names.length === 0) return '';
  const listed = names.slice(0, MOST_LISTED).join(', ');
  return `${what}: ${listed}${names.length > MOST_LISTED ? ', …' : ''}`;
}
