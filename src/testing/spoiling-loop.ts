/** A loop that writes over what its reads lent, as soon as the time of the loan is over. */
import { Loop } from '../sockets/loop.ts';
import { ReadBlocks } from '../sockets/reads.ts';

export function spoilingLoop(): Loop {
  return new Loop(undefined, undefined, new ReadBlocks(true));
}
