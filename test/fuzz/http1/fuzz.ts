/**
 * The differential fuzz: messages from the grammar, mutated ones, and mutated recordings go through our readers, whole
 * and in pieces, and through Node's parser. Whatever ours takes, Node's takes the same way; how the bytes are cut changes
 * nothing; what is kept inside stays bounded.
 */
import { isDeepStrictEqual } from 'node:util';
import { LIMITS } from '../../../src/testing/http1/refusals.ts';
import { cutAt, drip, type Trace, traceReply, traceRequests } from '../../../src/testing/http1/trace.ts';
import type { Random } from '../../../src/testing/random.ts';
import { difference } from './compare.ts';
import { mutate, reply, requests } from './grammar.ts';
import { type OracleTrace, RequestOracle, readReplies } from './oracle.ts';
import { recordedReplies, recordedRequests } from './recorded.ts';
import { shrink } from './shrink.ts';

/** One connection's bytes. */
export interface Case {
  /** Null for requests; for replies the method that was asked with. */
  readonly asked: string | null;
  /** The connection ends behind the bytes; for replies. */
  readonly closes: boolean;
  readonly bytes: Buffer;
}

export interface Finding {
  readonly what: string;
  readonly found: Case;
}

/** What a run went through, so that a test can tell that it was not in vain. */
export interface Tally {
  cases: number;
  /** Messages that our readers took whole. */
  messages: number;
  /** Cases in which nothing was refused. */
  accepted: number;
  readonly refused: Map<string, number>;
  readonly findings: Finding[];
}

const BATCH = 100;
const TRIES = 4;
const ASKED = ['GET', 'GET', 'GET', 'POST', 'HEAD', 'CONNECT'];

export class Fuzz {
  readonly tally: Tally = { cases: 0, messages: 0, accepted: 0, refused: new Map(), findings: [] };
  readonly #random: Random;
  readonly #oracle = new RequestOracle();
  readonly #requests = recordedRequests().map(({ bytes }) => bytes.toString('latin1'));
  readonly #replies = recordedReplies();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A hundred cases of one kind. */
  async batch(kind: 'requests' | 'replies'): Promise<void> {
    const make = kind === 'requests' ? () => this.#requestCase() : () => this.#replyCase();
    await this.check(Array.from({ length: BATCH }, make));
  }

  #requestCase(): Case {
    const random = this.#random;
    const recorded = random.chance(0.1);
    const text = recorded ? random.pick(this.#requests) : requests(random);
    return { asked: null, closes: true, bytes: this.#spoiled(text, recorded) };
  }

  #replyCase(): Case {
    const random = this.#random;
    const closes = random.chance(0.6);
    if (random.chance(0.1)) {
      const { asked, bytes } = random.pick(this.#replies);
      return { asked, closes, bytes: this.#spoiled(bytes.toString('latin1'), true) };
    }
    return { asked: random.pick(ASKED), closes, bytes: this.#spoiled(reply(random), false) };
  }

  #spoiled(text: string, always: boolean): Buffer {
    return Buffer.from(always || this.#random.chance(0.5) ? mutate(this.#random, text) : text, 'latin1');
  }

  /** Checks cases of one kind; what is wrong goes to `tally.findings`. */
  async check(cases: readonly Case[]): Promise<void> {
    const pieces = cases.map(({ bytes }) => (this.#random.chance(0.5) ? [bytes] : this.#cut(bytes)));
    const node =
      cases[0]!.asked === null
        ? await this.#oracle.read(pieces)
        : await readReplies(
            cases.map(({ asked, closes }, i) => ({ asked: asked!, closes: closes!, pieces: pieces[i]! })),
          );
    cases.forEach((found, i) => {
      const what = this.#wrong(found, node[i]!);
      if (what !== '') this.tally.findings.push({ what, found });
    });
  }

  /**
   * The smallest part of a finding that is still wrong. How it is cut into pieces is chance, so each part is tried a few
   * times.
   */
  async smallest({ what, found }: Finding): Promise<Finding> {
    let last = what;
    const isWrong = async (bytes: Buffer): Promise<boolean> => {
      const probe = new Fuzz(this.#random);
      await probe.check(Array.from({ length: TRIES }, () => ({ ...found, bytes })));
      last = probe.tally.findings.at(0)?.what ?? last;
      return probe.tally.findings.length > 0;
    };
    const bytes = await shrink(found.bytes, isWrong);
    return { what: last, found: { ...found, bytes } };
  }

  #wrong(found: Case, node: OracleTrace): string {
    const { tally } = this;
    const whole = run(found, [found.bytes]);
    tally.cases++;
    tally.messages += whole.messages.filter((message) => message.whole).length;
    if (whole.code === '') tally.accepted++;
    else tally.refused.set(whole.code, (tally.refused.get(whole.code) ?? 0) + 1);
    const cut = run(found, this.#random.chance(0.1) ? drip(found.bytes) : this.#cut(found.bytes));
    if (!isDeepStrictEqual(gist(cut), gist(whole))) return `pieces differ: ${JSON.stringify([whole, cut])}`;
    if (Math.max(whole.buffered, cut.buffered) > found.bytes.length) return 'more is kept than came';
    const what = difference(whole, node, found.asked);
    return what && `${what}: ${JSON.stringify({ ours: whole, node })}`;
  }

  #cut(bytes: Buffer): Buffer[] {
    const cuts = this.#random.some(
      Array.from({ length: bytes.length }, (_, at) => at),
      6,
    );
    return [
      ...cutAt(
        bytes,
        cuts.toSorted((a, b) => a - b),
      ),
    ].filter((piece) => piece.length > 0);
  }
}

function run({ asked, closes }: Case, pieces: Iterable<Buffer>): Trace {
  return asked === null ? traceRequests(LIMITS, pieces) : traceReply(LIMITS, asked, pieces, closes);
}

const gist = ({ messages, informed, code, closes, reusable, rest }: Trace) => ({
  messages,
  informed,
  code,
  closes,
  reusable: code === '' && reusable,
  rest,
});
