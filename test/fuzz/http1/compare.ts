/** Where our reader took more than Node's parser, or something else. */
import { isDeepStrictEqual } from 'node:util';
import { Fields } from '../../../src/fields/fields.ts';
import type { Message, Trace } from '../../../src/testing/http1/trace.ts';
import { nodeStopsBehind, nodeTunnels } from './exceptions.ts';
import type { OracleTrace } from './oracle.ts';

/** What is wrong, or ''. `ours` may refuse what Node takes; never the other way round. */
export function difference(ours: Trace, node: OracleTrace, asked: string | null = null): string {
  if (nodeTunnels(asked, ours.informed, ours.messages[0])) return '';
  for (let i = 0; i < ours.informed.length; i++)
    if (!sameHead(ours.informed[i]!, node.informed[i])) return `informed ${i} differs`;
  for (let i = 0; i < ours.messages.length; i++) {
    const followed = node.messages.length > i + 1;
    const what = messageDifference(ours.messages[i]!, node.messages[i], ours.code !== '', followed);
    if (what !== '') return `message ${i}: ${what}`;
    if (nodeStopsBehind(ours.messages[i]!)) return '';
  }
  if (ours.code === '' && !ours.closes && node.messages.length > ours.messages.length) return 'Node has more messages';
  return ours.code === '' && ours.rest !== node.rest ? 'the rest differs' : '';
}

/**
 * `followed`: Node read another message behind this one, so it has ended here too, told or not: its server stops telling
 * where a third pipelined request is one that it never ends (`PRI` with a target of its own, which we refuse).
 */
function messageDifference(ours: Message, node: Message | undefined, refused: boolean, followed: boolean): string {
  if (!sameHead(ours, node)) return 'the head differs';
  if (ours.whole) {
    if (!node!.whole && !followed) return 'Node has no end';
    if (ours.body !== node!.body) return 'the body differs';
    return isDeepStrictEqual(ours.trailers, passing(node!)) ? '' : 'trailers differ';
  }
  if (node!.whole && !refused) return 'only Node has an end';
  return node!.body.startsWith(ours.body) || ours.body.startsWith(node!.body)
    ? ''
    : 'the beginning of the body differs';
}

function sameHead(ours: Message, node: Message | undefined): boolean {
  return node !== undefined && ours.start === node.start && isDeepStrictEqual(ours.headers, node.headers);
}

const passing = ({ trailers }: Message) =>
  trailers === null ? null : (Fields.from(trailers).passingTrailers()?.toPairs() ?? null);
