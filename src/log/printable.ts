/** Texts that others wrote, on a terminal or in lines that people read. */

const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;

/** Control characters as JSON has them: a name in a hostile file starts no line of its own and moves no cursor. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
