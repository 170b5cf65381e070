/** Makes a case that goes wrong small enough to be read and pasted. */

/** Checks that one case may cost: a second or two, since a test that fails is in no hurry. */
const CHECKS_MAX = 2000;

/**
 * The smallest part of `bytes` found that is still wrong: pieces are cut out, large ones first, until no single octet
 * can go (Zeller's ddmin), or the number of checks is used up. `isWrong(bytes)` is taken for granted.
 */
export async function shrink(bytes: Buffer, isWrong: (part: Buffer) => Promise<boolean>): Promise<Buffer> {
  let smallest = bytes;
  let left = CHECKS_MAX;
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = nextSize(size, smallest.length)) {
    let shrunk = false;
    for (let at = 0; at < smallest.length && left > 0; ) {
      const part = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      left--;
      if (await isWrong(part)) {
        smallest = part;
        shrunk = true;
      } else at += size;
    }
    if (left === 0 || (size === 1 && !shrunk)) break;
  }
  return smallest;
}

/** Single octets are tried until none can go: what one needs may have gone with another. */
function nextSize(size: number, length: number): number {
  return size > 1 ? Math.min(Math.floor(size / 2), Math.max(1, length)) : 1;
}
