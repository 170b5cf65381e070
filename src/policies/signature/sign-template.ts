/** The `sign` template: what exactly a signature covers. Its placeholders are `{name}`, apart from `${fact}` templates. */

/** One piece of what is signed. Plain data: it stands in the plan. */
export type SignPart =
  /** `text` holds UTF-8 as one character a byte, ready to be written as latin1. */
  | { readonly is: 'literal'; readonly text: string }
  | { readonly is: 'timestamp' | 'nonce' | 'body' | 'method' | 'path' | 'query' }
  /** `name` is lower case. */
  | { readonly is: 'header'; readonly name: string };

/** Why a text is no sign template: a kebab-case code, a sentence, and what to write instead. */
export interface SignProblem {
  readonly code: 'sign-template' | 'sign-timestamp' | 'sign-ambiguous';
  readonly message: string;
  readonly hint: string;
}

export const PLACEHOLDERS = ['timestamp', 'nonce', 'body', 'method', 'path', 'query'] as const;

const KNOWN = `${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')} {header.NAME}`;
const HEADER = /^header\.([!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/;

/** Reads a template. Every brace belongs to a placeholder; other text is signed as it stands. */
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
  return weakness(parts) ?? parts;
}

/** Can text move between the nonce and its neighbour without changing what is signed? */
export function hasLooseNonce(parts: readonly SignPart[]): boolean {
  return parts.some((part, i) => {
    const next = parts[i + 1];
    return next !== undefined && (part.is === 'nonce' || next.is === 'nonce') && !isBoundary(part, next);
  });
}

/** The character that ends the nonce in the template, which a nonce therefore may not contain; '' where none does. */
export function nonceDelimiter(parts: readonly SignPart[]): string {
  const next = parts[parts.findIndex((part) => part.is === 'nonce') + 1];
  return next?.is === 'literal' ? next.text[0] : '';
}

function placeholder(name: string): SignPart | null {
  for (const known of PLACEHOLDERS) if (name === known) return { is: known };
  const header = HEADER.exec(name);
  return header && { is: 'header', name: header[1].toLowerCase() };
}

function syntax(message: string): SignProblem {
  return { code: 'sign-template', message, hint: `placeholders are ${KNOWN}` };
}

/** What makes a readable template unsafe, if anything does. */
function weakness(parts: readonly SignPart[]): SignProblem | null {
  if (!parts.some((part) => part.is === 'timestamp')) {
    const message = 'the template has no {timestamp}, so anybody can make an old request look new';
    return { code: 'sign-timestamp', message, hint: 'begin it with "{timestamp}:"' };
  }
  for (let i = 1; i < parts.length; i++) {
    const [left, right] = [parts[i - 1], parts[i]];
    if (isBoundary(left, right) || left.is === 'nonce' || right.is === 'nonce') continue;
    const message = `text can move between {${nameOf(left)}} and {${nameOf(right)}} under the same signature`;
    return { code: 'sign-ambiguous', message, hint: 'put a line break "\\n" between them' };
  }
  return null;
}

/**
 * Is it certain where `left` ends and `right` begins? A literal says so; a timestamp does because one digit more or
 * less is a time outside every window; a path begins with `/`, which no method has, and a query with `?`, which no
 * path has. `{nonce}` beside another placeholder is let through, because the dialect's own example has it so, and made
 * safe by remembering the signature too.
 */
function isBoundary(left: SignPart, right: SignPart): boolean {
  if (isFixed(left) || isFixed(right)) return true;
  return (left.is === 'method' && right.is === 'path') || (left.is === 'path' && right.is === 'query');
}

function isFixed(part: SignPart): boolean {
  return part.is === 'literal' || part.is === 'timestamp';
}

function nameOf(part: SignPart): string {
  return part.is === 'header' ? `header.${part.name}` : part.is;
}
