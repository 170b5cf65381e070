/**
 * Where the parts of a signed text begin and end. Unless the text alone says so, octets can move from one part to the
 * next under the same signature: `{path}:{body}` signs `/a:b` with `c` as it signs `/a` with `b:c`.
 *
 * Known from the left is where a part ends that delimits itself; that is followed by a literal with an octet which the
 * part cannot contain; or by parts that begin with nothing it can contain. The same holds from the right. What neither
 * side reaches is certain only where it is a single part.
 */
import {
  ALL,
  type Freedom,
  intersect,
  type OctetSet,
  type Piece,
  pieceOf,
  setOf,
  union,
  VISIBLE,
  without,
} from './octets.ts';
import { type SignPart, type SignProblem, writtenAs } from './sign-template.ts';
import type { TimestampFormat } from './timestamp.ts';

/**
 * A body directly behind a nonce begins with one of these, or with what no nonce has anyway (white space, controls,
 * octets above ASCII), and nonces have none of them. JSON objects, arrays and texts, and XML do; partners' nonces (hex,
 * base64, UUIDs) do not.
 */
const BODY_STARTS = '"<[{';

/** What a template asks of requests so that their parts can be told apart. */
export interface Boundaries extends Freedom {
  readonly pieces: readonly Piece[];
  /** The characters, of those that nonces have elsewhere, that they may not have under this template. */
  readonly reserved: string;
  /** A body may not begin with what a nonce can contain. */
  readonly bodyStartsApart: boolean;
}

/** What is told of nonces beside the template. */
export interface SignFormat {
  readonly timestamp: TimestampFormat;
  /** 0 where any length will do. */
  readonly nonceLength: number;
}

/** The least that has to be asked of nonces and bodies to make the template certain; a problem where nothing does. */
export function findBoundaries(parts: readonly SignPart[], format: SignFormat): Boundaries | SignProblem {
  const [right, left] = [1, -1].map((side) => neighbours(parts, side));
  const bodyFollows = parts.some(({ is }, i) => is === 'nonce' && parts[i + 1]?.is === 'body');
  for (const reserved of ['', right, left, right! + left!]) {
    const found = boundariesWith(parts, format, reserved!, false);
    if (uncertain(found.pieces) < 0) return found;
  }
  if (bodyFollows)
    for (const reserved of ['', left]) {
      const found = boundariesWith(parts, format, reserved + BODY_STARTS, true);
      if (uncertain(found.pieces) < 0) return found;
    }
  return ambiguous(parts, uncertain(boundariesWith(parts, format, right! + left!, false).pieces));
}

/** The octets of literals that touch a nonce on one side. */
function neighbours(parts: readonly SignPart[], side: number): string {
  let octets = '';
  parts.forEach(({ is }, i) => {
    const next = parts[i + side];
    if (is === 'nonce' && next?.is === 'literal') octets += side > 0 ? next.text[0] : next.text[next.text.length - 1];
  });
  return octets;
}

function boundariesWith(
  parts: readonly SignPart[],
  { timestamp, nonceLength }: SignFormat,
  reserved: string,
  bodyStartsApart: boolean,
): Boundaries {
  const nonce = without(VISIBLE, setOf(reserved));
  const freedom = { nonce, nonceLength, bodyFirst: bodyStartsApart ? without(ALL, nonce) : ALL };
  return { ...freedom, reserved, bodyStartsApart, pieces: parts.map((part) => pieceOf(part, timestamp, freedom)) };
}

/** Index of the first part of which nobody knows where it ends, or -1 where all are certain. */
function uncertain(pieces: readonly Piece[]): number {
  const fromLeft = reach(pieces, 'first');
  if (fromLeft === pieces.length) return -1;
  const fromRight = pieces.length - 1 - reach([...pieces].reverse(), 'last');
  return fromRight <= fromLeft ? -1 : fromLeft;
}

/** How many parts, read in this order, have a certain end. */
function reach(pieces: readonly Piece[], edge: 'first' | 'last'): number {
  const index = pieces.findIndex((piece, i) => !endIsCertain(piece, pieces.slice(i + 1), edge));
  return index < 0 ? pieces.length : index;
}

function endIsCertain(piece: Piece, rest: readonly Piece[], edge: 'first' | 'last'): boolean {
  if (piece.selfDelimiting || rest.length === 0) return true;
  // The first octet that the part cannot contain is the literal's, and stands in it at a known place.
  if (rest[0]!.part.is === 'literal') return rest[0]!.octets.some((member, octet) => member > piece.octets[octet]!);
  return !intersect(piece.octets, edgeOf(rest, edge));
}

/** What a row of parts begins with: the next octet, if there is one. */
function edgeOf(pieces: readonly Piece[], edge: 'first' | 'last'): OctetSet {
  let octets: OctetSet = new Uint8Array(256);
  for (const piece of pieces) {
    octets = union(octets, piece[edge]);
    if (!piece.canBeEmpty) break;
  }
  return octets;
}

function ambiguous(parts: readonly SignPart[], index: number): SignProblem {
  const part = parts[index]!;
  const after = parts.slice(index + 1);
  const next = after.find(({ is }) => is !== 'literal') ?? after[0]!;
  const between = after[0]!.is === 'literal' ? `: ${writtenAs(after[0]!)} can be a part of ${writtenAs(part)}` : '';
  const message = `text can move between ${writtenAs(part)} and ${writtenAs(next)} under the same signature${between}`;
  return { code: 'sign-ambiguous', message, hint: remedy(part, next) };
}

function remedy(part: SignPart, next: SignPart): string {
  if (part.is === 'body') return 'put {body} at the end';
  const separate = `put a line break "\\n" behind ${writtenAs(part)}, which it cannot contain`;
  if (part.is === 'nonce' || next.is === 'nonce') return `${separate}, or give \`nonceLength\``;
  return separate;
}
