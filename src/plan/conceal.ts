/** Messages about a value that came from the environment quote what is written in the file. */
import type { TreeNode } from './source.ts';

/** Characters. A shorter value could be any word of a message, or stand in any. */
const LEAST_WITHIN = 4;
/** Characters. A longer value is no part of a word by chance. */
const LEAST_ANYWHERE = 8;
/** Characters. A shorter piece tells nothing of the value that it is cut from. */
const LEAST_PIECE = 3;

/**
 * `text` about `node`, with what is written for all of the value, and for every quoted piece that comes out of it or
 * holds it. A piece that is written in the file is no secret. Case makes no difference.
 */
export function conceal(text: string, node: TreeNode): string {
  const { origin } = node;
  if (origin === null || origin.values.length === 0) return text;
  const value = origin.text.toLowerCase();
  const written = origin.written.toLowerCase();
  const isPiece = (piece: string): boolean => {
    const lower = piece.toLowerCase();
    if (lower === value) return true;
    if (written.includes(lower)) return false;
    if (lower.length >= LEAST_PIECE && value.includes(lower)) return true;
    return value.length >= LEAST_WITHIN && lower.includes(value);
  };
  // The whole first: quotes in it would make pieces of it that are none.
  const told = value.length < LEAST_WITHIN ? text : replaceAll(text, value, origin.written);
  return told.replaceAll(/(`)([^`]*)`|(")([^"]*)"/g, (whole, tick, inTicks, _mark, inMarks) => {
    const mark = tick ?? '"';
    return isPiece(inTicks ?? inMarks) ? `${mark}${origin.written}${mark}` : whole;
  });
}

/** Where `lower` stands in `text`, in any case, `shown` does instead; a short one only where it stands by itself. */
function replaceAll(text: string, lower: string, shown: string): string {
  const folded = text.toLowerCase();
  // What folding makes longer or shorter has other offsets; no message of Weir's own does that.
  if (folded.length !== text.length) return text.includes(lower) ? shown : text;
  let out = '';
  let from = 0;
  for (let at = folded.indexOf(lower); at >= 0; at = folded.indexOf(lower, at + 1)) {
    if (at < from || (lower.length < LEAST_ANYWHERE && isInWord(folded, at, at + lower.length))) continue;
    out += text.slice(from, at) + shown;
    from = at + lower.length;
  }
  return out + text.slice(from);
}

function isInWord(text: string, start: number, end: number): boolean {
  return /\w\w/.test(text.slice(Math.max(0, start - 1), start + 1)) || /\w\w/.test(text.slice(end - 1, end + 1));
}
