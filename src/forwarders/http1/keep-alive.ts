/** How long an upstream keeps an idle connection, as its `Keep-Alive` field says. */

/** Milliseconds: the upstream's clock started before ours, and what we send takes time to get there. */
const MARGIN = 1000;

/**
 * Milliseconds to keep a connection whose reply said `Keep-Alive: <value>`, a margin taken off; Infinity where it names
 * no `timeout`, 0 where that is too short to be of use. The field is RFC 2068's (§19.7.1.1), never standardised since.
 */
export function keptFor(value: string): number {
  const lower = value.toLowerCase();
  for (let from = 0; from < lower.length; ) {
    const comma = lower.indexOf(',', from);
    const end = comma < 0 ? lower.length : comma;
    const parameter = lower.slice(from, end).trim();
    if (parameter.startsWith('timeout=')) return fromSeconds(parameter.slice(8));
    from = end + 1;
  }
  return Number.POSITIVE_INFINITY;
}

function fromSeconds(text: string): number {
  const seconds = Number(text);
  if (text === '' || !Number.isInteger(seconds) || seconds < 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, seconds * 1000 - MARGIN);
}
