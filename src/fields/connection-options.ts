/** What `Connection` says of other fields (RFC 9110 §7.6.1). */
import { isEndToEnd } from './names.ts';

/**
 * The fields that a value of `Connection` takes away, in lower case, put into `names`, which is made where there is a
 * need. One pass over the value, whatever it holds.
 */
export function namedByConnection(value: string, names: Set<string> | null): Set<string> | null {
  let set = names;
  for (let from = 0; from < value.length; ) {
    let to = value.indexOf(',', from);
    if (to < 0) to = value.length;
    const name = value.slice(from, to).trim().toLowerCase();
    from = to + 1;
    if (name === 'keep-alive' || name === 'close' || name === '' || isEndToEnd(name)) continue;
    set ??= new Set();
    set.add(name);
  }
  return set;
}
