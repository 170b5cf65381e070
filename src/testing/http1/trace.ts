/** Runs a reader over bytes and writes down what it tells, body pieces joined, so that two runs can be compared. */
import type { Fields } from '../../fields/fields.ts';
import { type HeadLimits, RequestReader } from '../../http1/request-reader.ts';
import { ResponseReader } from '../../http1/response-reader.ts';
import type { RuleCode } from '../../http1/rules.ts';

/** A message as a reader, ours or Node's, understood it. Bodies are latin1. */
export interface Message {
  /** `GET /a 1.1` or `200`. */
  readonly start: string;
  readonly headers: string[];
  body: string;
  trailers: string[] | null;
  /** The end was seen. */
  whole: boolean;
}

export interface Trace {
  readonly messages: Message[];
  /** Replies of 1xx, for response readers. */
  readonly informed: Message[];
  /** Why reading ended, or ''. */
  code: RuleCode | '';
  /** After the last message no other one is expected on the connection. */
  closes: boolean;
  /** For response readers: the connection may be used again. */
  reusable: boolean;
  /** Octets behind a message that hands the connection over. */
  rest: string;
  /** Most octets that the reader kept at a time. */
  buffered: number;
}

function emptyTrace(): Trace {
  return { messages: [], informed: [], code: '', closes: false, reusable: false, rest: '', buffered: 0 };
}

const message = (start: string, headers: Fields): Message => ({
  start,
  headers: headers.toPairs(),
  body: '',
  trailers: null,
  whole: false,
});

/** Reads every request in `pieces`, one after the other. CONNECT hands the rest over. */
export function traceRequests(limits: HeadLimits, pieces: Iterable<Buffer>): Trace {
  const trace = emptyTrace();
  const reader = new RequestReader(limits, {
    head(head) {
      trace.messages.push(message(`${head.method} ${head.target} ${head.version}`, head.headers));
      trace.closes = !head.keepAlive;
    },
    data(chunk) {
      trace.messages.at(-1)!.body += chunk.toString('latin1');
    },
    end(trailers) {
      const last = trace.messages.at(-1)!;
      last.trailers = trailers?.toPairs() ?? null;
      last.whole = true;
      if (!last.start.startsWith('CONNECT ')) reader.next();
    },
    refused(code) {
      trace.code = code;
    },
  });
  for (const piece of pieces) {
    reader.push(piece);
    trace.buffered = Math.max(trace.buffered, reader.buffered);
  }
  if (trace.messages.at(-1)?.start.startsWith('CONNECT ') && reader.state === 'ended')
    trace.rest = reader.takeRest().toString('latin1');
  return trace;
}

/** Reads the reply to `asked`; null: nothing was asked. `closes`: the connection ends behind the pieces. */
export function traceReply(limits: HeadLimits, asked: string | null, pieces: Iterable<Buffer>, closes: boolean): Trace {
  const trace = emptyTrace();
  const reader = new ResponseReader(limits, {
    informed(status, headers) {
      trace.informed.push({ ...message(String(status), headers), whole: true });
    },
    head(head) {
      trace.messages.push(message(String(head.status), head.headers));
      trace.closes = !head.keepAlive;
    },
    data(chunk) {
      trace.messages.at(-1)!.body += chunk.toString('latin1');
    },
    end(trailers) {
      const last = trace.messages.at(-1)!;
      last.trailers = trailers?.toPairs() ?? null;
      last.whole = true;
    },
    refused(code) {
      trace.code = code;
    },
  });
  if (asked !== null) reader.begin(asked);
  for (const piece of pieces) {
    reader.push(piece);
    trace.buffered = Math.max(trace.buffered, reader.buffered);
  }
  trace.reusable = reader.reusable;
  if (closes) reader.finish();
  if (isTunnel(asked, trace.messages.at(-1)) && reader.state === 'ended')
    trace.rest = reader.takeRest().toString('latin1');
  return trace;
}

/** Does the rest of the connection belong to another protocol (RFC 9110 §15.2.2 and §9.3.6)? */
function isTunnel(asked: string | null, message: Message | undefined): boolean {
  return message !== undefined && (message.start === '101' || (asked === 'CONNECT' && message.start < '300'));
}

/** `bytes` cut before every place of `cuts`, which ascend. */
export function* cutAt(bytes: Buffer, cuts: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** Single octets. */
export function* drip(bytes: Buffer): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}
