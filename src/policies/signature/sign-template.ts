/** The `sign` template: what exactly a signature covers. Its placeholders are `{name}`, apart from `${fact}` templates. */

/** One piece of what is signed. Plain data: it stands in the plan. */
export type SignPart =
  /** `text` holds UTF-8 as one character a byte, ready to be written as latin1. */
  | { readonly is: 'literal'; readonly text: string }
  | { readonly is: 'timestamp' | 'nonce' | 'body' | 'method' | 'host' | 'path' | 'query' }
  /** `name` is lower case. */
  | { readonly is: 'header'; readonly name: string };

/** Why a text is no sign template: a kebab-case code, a sentence, and what to write instead. */
export interface SignProblem {
  readonly code: 'sign-template' | 'sign-timestamp' | 'sign-ambiguous';
  readonly message: string;
  readonly hint: string;
}

const PLACEHOLDERS = ['timestamp', 'nonce', 'body', 'method', 'host', 'path', 'query'] as const;

/** All placeholders, for messages and docs. */
export const KNOWN_PLACEHOLDERS = `${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')} {header.NAME}`;
const HEADER = /^header\.([!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/;

/**
 * Reads a template. Every brace belongs to a placeholder; other text is signed as it stands. Whether one can tell where
 * the parts end is for `boundaries.ts` to say.
 */
export function parseSignTemplate(text: string): SignPart[] | SignProblem {
  const parts: SignPart[] = [];
  let from = 0;
  while (from < text.length) {
    const open = text.indexOf('{', from);
    const end = open < 0 ? text.length : open;
    if (text.slice(from, end).includes('}')) return syntax('a "}" closes no placeholder');
    if (end > from) parts.push({ is: 'literal', text: Buffer.from(text.slice(from, end)).toString('latin1') });
    if (open < 0) break;
    const close = text.indexOf('}', open);
    if (close < 0) return syntax('a "{" is never closed');
    const part = placeholder(text.slice(open + 1, close));
    if (!part) return syntax(`"${text.slice(open, close + 1)}" is not a placeholder`);
    parts.push(part);
    from = close + 1;
  }
  if (parts.some((part) => part.is === 'timestamp')) return parts;
  const message = 'the template has no {timestamp}, so anybody can make an old request look new';
  return { code: 'sign-timestamp', message, hint: 'begin it with "{timestamp}:"' };
}

function placeholder(name: string): SignPart | null {
  for (const known of PLACEHOLDERS) if (name === known) return { is: known };
  const header = HEADER.exec(name);
  return header && { is: 'header', name: header[1]!.toLowerCase() };
}

function syntax(message: string): SignProblem {
  return { code: 'sign-template', message, hint: `placeholders are ${KNOWN_PLACEHOLDERS}` };
}

/** A part as the template writes it. */
export function writtenAs(part: SignPart): string {
  if (part.is === 'literal') return JSON.stringify(Buffer.from(part.text, 'latin1').toString());
  return part.is === 'header' ? `{header.${part.name}}` : `{${part.is}}`;
}
