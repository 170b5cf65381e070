/**
 * Does something look as a story says? Objects may have more members than are named; `null` means "is not there";
 * `/text/` is a regular expression; `>= 3`, `<= 3`, `!= 3` compare numbers; everything else is equal.
 */

/** What is different, one line each; empty where all is as wanted. */
export function differences(actual: unknown, wanted: unknown, at: string): string[] {
  if (wanted === null) return actual === undefined || actual === null ? [] : [`${at}: ${show(actual)}, not nothing`];
  if (Array.isArray(wanted)) return listDifferences(actual, wanted, at);
  if (typeof wanted === 'object') {
    if (typeof actual !== 'object' || actual === null) return [`${at}: ${show(actual)}, not an object`];
    const members = actual as Record<string, unknown>;
    return Object.entries(wanted as object).flatMap(([key, value]) => differences(members[key], value, `${at}.${key}`));
  }
  return isAsWanted(actual, wanted) ? [] : [`${at}: ${show(actual)}, not ${show(wanted)}`];
}

function listDifferences(actual: unknown, wanted: readonly unknown[], at: string): string[] {
  if (!Array.isArray(actual) || actual.length !== wanted.length) return [`${at}: ${show(actual)}, not ${show(wanted)}`];
  return wanted.flatMap((value, i) => differences(actual[i], value, `${at}[${i}]`));
}

function isAsWanted(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'string') return actual === wanted || (typeof actual === 'string' && actual === String(wanted));
  const pattern = /^\/(.*)\/([is]*)$/s.exec(wanted);
  if (pattern) return actual !== undefined && new RegExp(pattern[1]!, pattern[2]).test(String(actual));
  const bound = /^(>=|<=|!=) (-?\d+(?:\.\d+)?)$/.exec(wanted);
  if (bound && typeof actual === 'number') return compare(actual, bound[1]!, Number(bound[2]));
  return actual === wanted;
}

function compare(actual: number, operator: string, bound: number): boolean {
  if (operator === '>=') return actual >= bound;
  return operator === '<=' ? actual <= bound : actual !== bound;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
