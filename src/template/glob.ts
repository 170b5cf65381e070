/** Name patterns with `*` for any number of characters: `x-internal-*`. */

/** Makes the function that tells whether a lower-case name matches `glob` (lower case too). No backtracking. */
export function compileGlob(glob: string): (name: string) => boolean {
  const pieces = glob.split('*');
  const head = pieces[0]!;
  const tail = pieces[pieces.length - 1]!;
  if (pieces.length === 1) return (name) => name === glob;
  const middle = pieces.slice(1, -1);
  if (tail === '' && middle.length === 0) return (name) => name.startsWith(head);
  return (name) => {
    if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
    let from = head.length;
    for (let i = 0; i < middle.length; i++) {
      // The leftmost place is always the best one: it leaves the most for the pieces after it.
      const at = name.indexOf(middle[i]!, from);
      if (at < 0) return false;
      from = at + middle[i]!.length;
    }
    return from <= name.length - tail.length;
  };
}
