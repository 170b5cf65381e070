/** `Via` (RFC 9110 §7.6.3): by which an intermediary knows a request again. */

/**
 * Has the message passed the intermediary called `pseudonym`? A member of the list is a protocol, a blank and a name, and
 * maybe a comment; the name is unique, so that it stands alone between blanks and commas is enough.
 */
export function hasPassed(via: string, pseudonym: string): boolean {
  for (let at = via.indexOf(pseudonym); at >= 0; at = via.indexOf(pseudonym, at + 1))
    if (isBorder(via, at - 1) && isBorder(via, at + pseudonym.length)) return true;
  return false;
}

/** A blank, a tab, a comma, or beyond the text. */
function isBorder(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09 || code === 0x2c;
}

/** `earlier` (the field as received, or '') with this hop behind it. */
export function withHop(earlier: string, version: string, pseudonym: string): string {
  return earlier === '' ? `${version} ${pseudonym}` : `${earlier}, ${version} ${pseudonym}`;
}
