/**
 * The grammar of refusals: everything that makes the codec turn a message away, one row each. docs/wire.md is written
 * from this table (test/tools/wire.ts); src/testing/http1/refusals.ts holds a message for every row that triggers it.
 */

/** One reason to refuse a message. */
export interface Rule {
  /** Kebab-case name, for logs and metrics. */
  readonly code: string;
  /** Where the rule comes from. */
  readonly section: string;
  /** What a client gets. A reply from upstream that breaks a rule becomes a 502, whatever stands here. */
  readonly status: number;
  /** The rule in one sentence. */
  readonly text: string;
}

type Row = readonly [section: string, status: number, text: string];

function table<K extends string>(rows: Record<K, Row>): { readonly [C in K]: Rule } {
  const rules = {} as Record<K, Rule>;
  for (const code of Object.keys(rows) as K[]) {
    const [section, status, text] = rows[code];
    rules[code] = Object.freeze({ code, section, status, text });
  }
  return Object.freeze(rules);
}

/** Every rule by its code. */
export const RULES = table({
  // ── request line ──
  'extra-empty-line': ['RFC 9112 §2.2', 400, 'One empty line may stand before a request line, not two.'],
  'bad-method': ['RFC 9112 §3.1', 400, 'A method is a token, followed by one space.'],
  'unknown-method': ['RFC 9110 §9.1', 501, 'Only methods that Node knows are known, in upper case; over HTTP/2 too.'],
  'bad-target': ['RFC 9112 §3.2', 400, 'A target is visible ASCII without a fragment, followed by one space.'],
  'target-too-long': ['RFC 9110 §15.5.15', 414, 'The target, or the request line with it, is longer than the limit.'],
  'target-form': [
    'RFC 9112 §3.2',
    400,
    'The form fits the method: a path or an absolute http(s) URI, `*` only with OPTIONS, host and port only with CONNECT.',
  ],
  'bad-authority': [
    'RFC 9110 §4.2.4',
    400,
    'The authority of an absolute or CONNECT target is a valid host and port without user information.',
  ],
  'bad-version': ['RFC 9112 §2.3', 400, 'The version is written `HTTP/` digit `.` digit, and the line ends behind it.'],
  'unknown-version': ['RFC 9110 §15.6.6', 505, 'Only HTTP/1.0 and HTTP/1.1 are spoken.'],
  // ── status line ──
  'bad-status-line': [
    'RFC 9112 §4',
    502,
    'A status line is the version, a space, three digits from 100 to 599, a space, and a reason that may be empty.',
  ],
  // ── field lines, in heads and trailers ──
  'bare-cr': ['RFC 9112 §2.2', 400, 'A carriage return is followed by a line feed.'],
  'bare-lf': ['RFC 9112 §2.2', 400, 'A line feed follows a carriage return.'],
  'obs-fold': ['RFC 9112 §5.2', 400, 'A line does not begin with a space or tab.'],
  'space-before-colon': ['RFC 9112 §5.1', 400, 'No space or tab stands between a field name and its colon.'],
  'bad-field-name': ['RFC 9110 §5.1', 400, 'A field name is a token, followed by a colon.'],
  'bad-field-value': ['RFC 9110 §5.5', 400, 'A field value has no control character but tab.'],
  'head-too-large': ['RFC 6585 §5', 431, 'The request line fits into a head, but the fields after it do not.'],
  'too-many-fields': ['RFC 6585 §5', 431, 'A head or a trailer section has more fields than the limit.'],
  // ── what fields say about the message ──
  'no-host': ['RFC 9112 §3.2', 400, 'An HTTP/1.1 request has a Host.'],
  'two-hosts': ['RFC 9112 §3.2', 400, 'A request has no more than one Host.'],
  'bad-host': ['RFC 9110 §7.2', 400, 'Host is a valid host, with a port from 0 to 65535 where there is one.'],
  'bad-length': ['RFC 9110 §8.6', 400, 'Content-Length is digits and nothing else.'],
  'two-lengths': ['RFC 9112 §6.3', 400, 'Content-Length stands once, even where both say the same.'],
  'length-too-large': ['RFC 9110 §8.6', 413, 'Content-Length has at most 15 digits.'],
  'unknown-encoding': [
    'RFC 9112 §6.1',
    501,
    'Transfer-Encoding is `chunked` and nothing else, no tab behind it either.',
  ],
  'two-encodings': ['RFC 9112 §6.1', 400, 'Transfer-Encoding stands once.'],
  'encoding-in-old-version': ['RFC 9112 §6.1', 400, 'HTTP/1.0 has no Transfer-Encoding.'],
  'length-with-encoding': ['RFC 9112 §6.3', 400, 'Content-Length and Transfer-Encoding never stand together.'],
  'connect-with-body': ['RFC 9110 §9.3.6', 400, 'CONNECT has no body.'],
  'bad-connection': ['RFC 9110 §7.6.1', 400, 'Connection is a list of tokens.'],
  'unknown-expectation': ['RFC 9110 §10.1.1', 417, 'Nothing but `100-continue` can be expected, and that once.'],
  'body-not-allowed': ['RFC 9110 §8.6', 502, 'A 1xx or 204 reply has neither a length above 0 nor an encoding.'],
  // ── chunked bodies ──
  'bad-chunk-size': ['RFC 9112 §7.1', 400, 'A chunk size is hexadecimal digits, and CR LF or an extension follows.'],
  'chunk-too-large': ['RFC 9112 §7.1', 413, 'A chunk size has at most 8 digits.'],
  'bad-chunk-extension': [
    'RFC 9112 §7.1.1',
    400,
    'A chunk extension is a token, or a token, `=` and a token or quoted string, without blanks around.',
  ],
  'chunk-line-too-long': ['RFC 9112 §7.1.1', 400, 'A chunk size with its extensions is shorter than the limit.'],
  'bad-chunk-end': ['RFC 9112 §7.1', 400, 'The data of a chunk is followed by CR LF.'],
  'framing-in-trailers': [
    'RFC 9110 §6.5.1',
    400,
    'Content-Length, Transfer-Encoding and Connection do not stand in trailers; other fields that must not are dropped.',
  ],
  'trailers-too-large': ['RFC 6585 §5', 431, 'The trailer section is larger than the limit.'],
  // ── replies ──
  'informed-in-old-version': ['RFC 9110 §15.2', 502, 'HTTP/1.0 has no replies of 1xx.'],
  'informed-and-closed': [
    'RFC 9112 §9.6',
    502,
    'A reply of 1xx does not close the connection: the final one is to come.',
  ],
  'bad-upgrade': ['RFC 9110 §15.2.2', 502, 'A 101 has one Upgrade, and Connection names it.'],
  'too-many-informed': ['RFC 9110 §15.2', 502, 'At most 64 replies of 1xx come before the final one.'],
  unsolicited: ['RFC 9112 §9.2', 502, 'Nothing comes without a request, before one or behind the end of its reply.'],
  truncated: ['RFC 9112 §8', 502, 'The connection stays open until the reply is whole.'],
});

/** Name of a rule. */
export type RuleCode = keyof typeof RULES;
