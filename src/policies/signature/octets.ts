/** Sets of octets, and those that the parts of a signed text are made of. A text has one character for each octet. */
import type { SignPart } from './sign-template.ts';
import type { TimestampFormat } from './timestamp.ts';

/** 256 entries; 1 where the octet is in the set. */
export type OctetSet = Readonly<Uint8Array>;

/** What a part of a signed text can be. A request with anything else in its place is refused. */
export interface Piece {
  readonly part: SignPart;
  readonly octets: OctetSet;
  /** What it begins and ends with, unless it is empty. */
  readonly first: OctetSet;
  readonly last: OctetSet;
  readonly canBeEmpty: boolean;
  /** It says by itself where it ends, read from either side: its length is fixed, or it has a grammar that does. */
  readonly selfDelimiting: boolean;
}

export const ALL: OctetSet = new Uint8Array(256).fill(1);
/** What any nonce is made of. */
export const VISIBLE: OctetSet = range(0x21, 0x7e);

const DIGITS = range(0x30, 0x39);
/** Methods that are known here (RFC 9110 §9 and its registry); {@link Piece} holds the edges to it. */
const METHOD = union(range(0x41, 0x5a), setOf('-'));
/** A host in normal form with its port. */
const HOST = union(union(range(0x61, 0x7a), DIGITS), setOf('-_.[]:'));
/** Paths in normal form have none of these raw (match/path.ts). */
const PATH = without(VISIBLE, setOf('\\?#"<>^`{|}'));
const QUERY = without(VISIBLE, setOf('#'));
/** RFC 9110 §5.5, obs-text included. */
const FIELD_VALUE = union(union(range(0x20, 0x7e), range(0x80, 0xff)), setOf('\t'));
const RFC3339 = union(DIGITS, setOf('-:TZ.+'));

/** The octets of a Latin-1 text. */
export function setOf(text: string): OctetSet {
  const set = new Uint8Array(256);
  for (let i = 0; i < text.length; i++) set[text.charCodeAt(i)] = 1;
  return set;
}

function range(from: number, to: number): OctetSet {
  return new Uint8Array(256).fill(1, from, to + 1);
}

export function union(a: OctetSet, b: OctetSet): OctetSet {
  return a.map((member, octet) => member | b[octet]!);
}

export function without(a: OctetSet, b: OctetSet): OctetSet {
  return a.map((member, octet) => member & ~b[octet]!);
}

export function intersect(a: OctetSet, b: OctetSet): boolean {
  return a.some((member, octet) => (member & b[octet]!) !== 0);
}

/** What nonces and bodies may be under one template. */
export interface Freedom {
  readonly nonce: OctetSet;
  /** 0 where any length will do. */
  readonly nonceLength: number;
  /** What a body begins with that is not empty. */
  readonly bodyFirst: OctetSet;
}

/** What `part` can be. */
export function pieceOf(part: SignPart, timestamp: TimestampFormat, freedom: Freedom): Piece {
  switch (part.is) {
    case 'literal':
      return {
        part,
        octets: setOf(part.text),
        first: setOf(part.text[0]!),
        last: setOf(part.text[part.text.length - 1]!),
        canBeEmpty: false,
        selfDelimiting: true,
      };
    case 'timestamp': {
      // Ten digits, thirteen, or a date-time, of which none is the beginning or the end of another.
      const octets = timestamp === 'rfc3339' ? RFC3339 : DIGITS;
      return { ...plain(part, octets), selfDelimiting: true };
    }
    case 'nonce':
      return { ...plain(part, freedom.nonce), selfDelimiting: freedom.nonceLength > 0 };
    case 'method':
      return plain(part, METHOD);
    case 'host':
      return plain(part, HOST);
    case 'path':
      return { ...plain(part, PATH), first: setOf('/') };
    case 'query':
      return { ...plain(part, QUERY), first: setOf('?'), canBeEmpty: true };
    case 'header':
      return plain(part, FIELD_VALUE);
    default:
      return { ...plain(part, ALL), first: freedom.bodyFirst, canBeEmpty: true };
  }
}

function plain(part: SignPart, octets: OctetSet): Piece {
  return { part, octets, first: octets, last: octets, canBeEmpty: false, selfDelimiting: false };
}

/** Is `text` something that `piece` can be? A character beyond Latin-1 never is: it would be signed as another. */
export function fits(piece: Piece, text: string): boolean {
  const { length } = text;
  if (length === 0) return piece.canBeEmpty;
  if (piece.first[text.charCodeAt(0)] !== 1) return false;
  for (let i = 0; i < length; i++) if (piece.octets[text.charCodeAt(i)] !== 1) return false;
  return true;
}
