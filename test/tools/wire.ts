/**
 * Writes docs/wire.md from the codec's table of rules: `node test/tools/wire.ts --write`. Without it, says whether the
 * page is current and exits 1 where it is not.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../src/errors.ts';
import { grpcStatus } from '../../src/grpc.ts';
import { METHODS } from '../../src/http1/request-line.ts';
import { RULES, type RuleCode } from '../../src/http1/rules.ts';
import { REFUSALS } from '../../src/testing/http1/refusals.ts';

export const WIRE_PAGE = join(import.meta.dirname, '..', '..', 'docs', 'wire.md');

const INTRO = `# The wire

Weir reads HTTP/1.1 with its own strict codec (\`src/http1/\`), inbound and outbound. It takes what RFC 9110 and RFC 9112
allow a sender to write, and nothing that they only ask a recipient to forgive. This page is written from the code's
table of rules by \`node test/tools/wire.ts --write\`; a test holds that it is current.

A request that breaks a rule is answered with the rule's status, once, and the connection closes: what follows on it
cannot be trusted. A reply that breaks one becomes a 502 (or another endpoint is tried), and the connection to that
upstream closes. Node's own parser is the oracle: whatever this codec takes, Node's takes in the same way, which is
fuzzed (\`test/fuzz/http1/\`); where the two differ because Node's is at fault is written down in
\`test/fuzz/http1/exceptions.ts\`.

What was decided where the RFCs leave a choice:

- One empty line before a request line is skipped (RFC 9112 §2.2), a second one is refused.
- Methods are those that Node knows, in upper case: ${[...METHODS].join(', ')}. Any other is a 501,
  over HTTP/2 as well.
- A request line that does not fit into what a head may take is a 414, fields that do not fit behind it a 431, over HTTP/2
  as well.
- A target is in origin form, in absolute form with \`http\` or \`https\`, \`*\` with OPTIONS, or host and port with CONNECT.
  The authority of an absolute target is the host; \`Host\` is checked and then ignored (RFC 9112 §3.2.2).
- A host is not empty, has no user information, no zone, and a port only with digits.
- Values are passed on octet by octet; octets from 0x80 up are allowed and mean nothing (obs-text).
- Chunk extensions are checked and dropped. Blanks around them are refused, although RFC 9112 §7.1.1 has them in its
  grammar as "bad whitespace", which no sender may write and a recipient has to read (RFC 9110 §5.6.3): Node's parser
  refuses them too, and nothing here is more lenient than that. Parsers that differ about chunk lines are how requests
  are smuggled in them, and none of the recorded clients (\`test/fuzz/http1/recorded/\`) writes an extension at all.
  Of trailers, fields that mean something only before the body are dropped
  (RFC 9110 §6.5.1); those that frame the body are refused.
- A request that asks for an upgrade with a body, in HTTP/1.0, or for several protocols, is served without it.
- A 101 is taken only for an upgrade that was asked for: \`Connection\` names it, \`Upgrade\` is \`websocket\` and nothing
  else (RFC 9110 §15.2.2), and \`Sec-WebSocket-Accept\` is right for the key that went upstream (RFC 6455 §4.1). A proxy
  need not look at the last, but behind a 101 nothing is checked any more, and this is the only proof that the upstream
  means it and was not merely talked into a status. Anything else is a 502. Extensions and subprotocols are between the
  two ends.
- A final status is from 200 to 599, over HTTP/2 as well. Others from 600 up are a 502: RFC 9110 §15 has a client take
  them for a 5xx, and nothing says what they mean for a cache or a body.
- Replies of 1xx pass without \`Content-Length\`, \`Transfer-Encoding\` and \`Trailer\` (RFC 9110 §8.6, RFC 9112 §6.1); one
  that claims a body is refused.
- What leaves has \`Host\` first and the framing behind it, in replies the framing and a \`Date\` of ours, whatever stood
  where (RFC 9110 §5.3 lets a proxy order fields of different names): a reader that stops at some count of fields has them.
  At most 1,000 fields leave in a head or in trailers, ours included, over HTTP/1 and HTTP/2. Node before 24.18.1 drops what
  comes behind the thousandth, framing too (CVE-2026-58044), and would take the body for another request. A request that
  would have more when the rules have added theirs is a 431, and no endpoint is asked; a reply a 502.
- Behind a request or reply that closes the connection nothing is read.
- An upstream may answer and close before it has the whole request: its answer is read although writing to it failed
  first (RFC 9112 §9.5). What it says then is passed on, and is no broken connection to the breaker.
- A reply without a length and without chunks ends with its connection. HTTP/1.0 replies with Transfer-Encoding are
  refused.

Sizes (head, target, number of fields, trailers, chunk lines) are limits of the listener or of the upstream.

## What requests say of themselves

The same for HTTP/1.1 and HTTP/2.

- **Host.** The host of an absolute target or of \`:authority\` counts, else \`Host\` (RFC 9112 §3.2.2, RFC 9113 §8.3.1);
  an HTTP/2 request whose \`host\` contradicts its \`:authority\` is a 400. Rules, facts and \`x-forwarded-host\` have it in
  one normal form: lower case, without a dot at its end, IPv6 as RFC 5952 writes it and in brackets, a v4-mapped address
  as IPv4. What has none is a 400: percent-encoding, user information, other characters than letters, digits, \`-\`, \`_\`
  and \`.\`, empty labels, a port that is none, a name that ends in a number and is no address (\`127.1\`, \`0x7f.1\`). An empty
  host is a 400 but in HTTP/1.0, where a request may have none.
- **Path.** Matched without the parameters of its segments (RFC 3986 §3.3), \`/admin;a/x\` and \`/admin%3Ba/x\` as
  \`/admin/x\`, because many servers drop them; sent on with them. A segment of parameters alone (\`/;/admin\`) is a 400.
- **Connection** (RFC 9110 §7.6.1) takes off the fields it names, before any policy looks. Fields that are meant for the
  upstream stay even if it names them: \`Host\`, \`Authorization\`, \`Cookie\`, \`X-Api-Key\` and other credentials, \`Content-*\`,
  \`Accept*\`, \`If-*\`, \`Sec-*\`, \`Cache-Control\`, \`Via\`, \`X-Forwarded-*\` and the like (\`src/fields/names.ts\` lists them). More
  than 64 options in a request are a 400. The same list holds for replies.
- **Forwarding fields.** \`x-forwarded-for\`, \`-proto\`, \`-host\`, \`x-request-id\` and \`via\` are Weir's own. What else upstreams
  believe of proxies alone is dropped: docs/operating.md, "Trusted proxies".
- **Loops.** \`Via\` (RFC 9110 §7.6.3) names this process by a random name, \`weir-\` and twelve digits, which is new at every
  start and says nothing about the machine. A request that brings it back is a 508 (RFC 5842 §7.2); other Weirs in a
  chain have other names. A rule that removes \`via\` ends this protection.
- **Max-Forwards** (RFC 9110 §7.6.2) is lowered in OPTIONS and TRACE; at 0 Weir answers itself. Anything but one number is
  a 400. Other methods pass it on as it is.
- **OPTIONS** for \`*\`, or for an absolute URI without path and query (RFC 9112 §3.2.4), asks about Weir, which is the
  server here: 200 with the methods that routes of this host take (RFC 9110 §9.3.7), 404 where it has no route.
- **TRACE** is a 405 where no route names it in its \`methods\`. Where one does, the upstream gets what the client sent and
  nothing that policies added, because it sends all of it back (RFC 9110 §9.3.8). A TRACE with a body is a 400.
- **CONNECT** is a 405: Weir is no forward proxy.

## Connections

HTTP/1.1 and HTTP/2 both keep to the following.

**Slow clients.** A head has \`headerTimeout\`. A body has \`requestTimeout\`, less what its head took; every \`uploadRate\`
octets give a second back, and there is never more left than \`requestTimeout\`. So a client that keeps sending at that rate
is never late, one that says nothing is after \`requestTimeout\`, and one that drips uses its time up. While Weir does not
read the client (no policy or upstream takes its body) the clock stands still. Late is 408 (RFC 9110 §15.5.9). Beside a
reply that streams a body may take as long as that.

**Clients that leave.** FIN before a request is whole: 400 in a head; in a body the connection closes (RFC 9112 §8). FIN
behind a whole request that waits for its answer, or has half of it: the client is gone, as in nginx. Its upstream call is
cancelled at once (or finished, with \`onDisconnect: drain\`), its line in the access log has the code \`CLIENT_CLOSED\`,
with status 499 where no reply had begun, and the attempt counts as \`aborted\`. An answer that had been handed over whole
still goes out. Requests pipelined behind are not served. TLS has no half-close before 1.3 (RFC 5246 §7.2.1), and between
HTTP/2 peers there is none.

A client that leaves in the midst of a body is noticed as long as Weir reads it. While Weir holds it back, over HTTP/1.1 and
with more sent than is read ahead (64 KiB), neither FIN nor reset is seen until the upstream takes
more, or \`pool.queue.wait\` or one of the upstream's \`timeouts\` ends the wait: until then it keeps its place in the line
for a connection. Over HTTP/2 it is noticed at once.

With \`halfClose: true\` on a plain listener a client that shuts down its sending side behind a whole request gets its
answer (RFC 9112 §9.6 leaves room for both). One that has closed altogether looks the same until something is sent: so,
where no reply begins within 200 ms, an HTTP/1.1 client is sent a \`100 Continue\`, which every client must be able to skip
(RFC 9110 §15.2), and a closed one answers with a reset.

**Draining.** The next reply of each connection says \`Connection: close\` (RFC 9112 §9.6). A connection without a request is
kept for \`drainGrace\`, because one may be on its way; so is one whose reply had promised to keep it. Over HTTP/2 the GOAWAY
stands before the reply to the only open stream, or comes when the grace is over, and names the last stream that is
served: what is above may be sent again elsewhere (RFC 9113 §6.8). The announcement without a stream that §6.8 would have
before it cannot be sent with Node, which drops new streams after any GOAWAY. WebSockets are closed with 1001 to both ends
when the grace is over (RFC 6455 §7.4.1). What \`drainTimeout\` ends gets 503, or where its reply has begun the error event
of its protocol, if it is an event stream, and a broken transfer.

**WebSockets.** An upgrade goes the way of every request: policies, choice of an endpoint, breaker and retries, and a reply
that declines it is a reply like any other. Upstream it has an HTTP/1.1 connection of its own, with \`forwarder: http-proxy\`
and with \`pool: { http2: true }\` too, because HTTP/2 has no upgrade (RFC 9113 §8.6). A 1xx before its 101 passes (RFC 9110
§15.2).

Behind the 101, frames are followed, not read. A close frame passes, and so does an orderly end without one: 1006, as the
upstream meant it. An upstream that breaks between two frames is 1011 to the client. In the midst of a frame nothing else
can stand, so there the client's connection breaks. \`timeouts.idle\` without a byte either way is 1001 to both.

## Rules

Each row is tested in \`src/http1/refusals.test.ts\`, whole and cut at every octet, with the messages of
\`src/testing/http1/refusals.ts\`; one of them is shown. The status is for requests; rules that only a reply can break show 502.
`;

/** The page as it should be. */
export function renderWire(): string {
  const rows = (Object.keys(RULES) as RuleCode[]).map((code) => {
    const { section, status, text } = RULES[code];
    const [number, part] = section.split(' §');
    const url = `https://www.rfc-editor.org/rfc/${number!.replace(' ', '').toLowerCase()}#section-${part}`;
    return `| \`${code}\` | [${section}](${url}) | ${status} | ${text} | ${shown(code)} |`;
  });
  return `${INTRO}\n| rule | from | status | what it asks | broken by |\n|---|---|---|---|---|\n${rows.join('\n')}\n${HTTP2}\n${grpcTable()}\n`;
}

const HTTP2 = `
## HTTP/2

HTTP/2 is read by nghttp2, which holds clients and upstreams to RFC 9113. What Weir makes of it:

- A reply ends as the upstream ended it: where its head ends the stream, HEADERS with END_STREAM is what the client gets
  (RFC 9113 §8.1), and no length that the upstream did not name. HTTP/1.1 clients get the same reply with
  \`Content-Length: 0\`, because it needs a length (RFC 9112 §6.3); replies to HEAD, 204 and 304 get none.
- \`TE: trailers\` goes on to upstreams over HTTP/2 where the client sent it, nothing else of \`TE\` does (RFC 9110 §10.1.4).
- Trailers of a reply are passed on, but not behind a body whose length was named: its last byte is its end. Replies of
  gRPC have no such end. Trailers of a request are dropped (RFC 9110 §6.5.1).
- Request and reply flow at the same time, for as long as both last. \`limits.requestTimeout\` ends with the head of the
  reply: from then on \`timeouts.idle\` and \`timeouts.total\` of the upstream bound the call.
- A client that resets its stream, or whose connection breaks, ends the stream to the upstream with CANCEL. A reply that
  breaks off ends the client's stream with INTERNAL_ERROR, and never with END_STREAM; a gRPC call ends as is said below.
- What an upstream answers with REFUSED_STREAM, or leaves out with a GOAWAY, it has not acted on (RFC 9113 §6.8, §8.7): it
  is sent again whatever its method, where \`retry.on\` has \`connect\` or \`reset\`.
- An upstream whose SETTINGS take no streams for now (RFC 9113 §6.5.2) is not asked for further connections: requests wait
  in the queue until it takes some.
- Octets that waited for a stream which is then reset are never taken off Node's account of what a connection may hold.
  Before such octets use it up, the connection ends in good order: a client is told by a GOAWAY that names the last stream
  served (RFC 9113 §6.8), after 16 MB at the earliest; to an upstream another connection is made, after 128 MB.
- A request's head several times over \`limits.headerSize\`, or with more fields than one for each eight octets of it (128
  at least), gets no status: its stream is reset with ENHANCE_YOUR_CALM, or the connection ends.
- More than 64 replies of 1xx before the final one are a 502, as over HTTP/1.1.
- Server push and extended CONNECT (RFC 8441) are neither offered nor taken.

### gRPC

A call is a POST with \`content-type: application/grpc\`, or that with \`+proto\` or the like, over HTTP/2. It passes like any
other request; what Weir itself has to say is said in gRPC's words: status 200, \`grpc-status\` and \`grpc-message\` in a head
that ends the stream, or in trailers where the reply has begun and then breaks off. Other fields of the error stay, and
\`Retry-After\` stands there as \`grpc-retry-pushback-ms\` too. Access log and metrics have the HTTP status. The codes are those
that gRPC clients make of a bare HTTP status, but for 400, which is not INTERNAL, and for those that clients have no code
for. Replies that rules or upstreams write as HTTP go out as they are.
`;

function grpcTable(): string {
  const names = new Map<number, string>();
  for (const [name, { status }] of Object.entries(ERRORS))
    names.set(status, names.has(status) ? `${names.get(status)}, \`${name}\`` : `\`${name}\``);
  const rows = [...names].map(([status, errors]) => `| ${status} | ${GRPC_CODES[grpcStatus(status)]} | ${errors} |`);
  return `| HTTP status | gRPC status | errors |\n|---|---|---|\n${rows.join('\n')}`;
}

const GRPC_CODES: Readonly<Record<number, string>> = {
  2: '2 UNKNOWN',
  3: '3 INVALID_ARGUMENT',
  7: '7 PERMISSION_DENIED',
  8: '8 RESOURCE_EXHAUSTED',
  12: '12 UNIMPLEMENTED',
  13: '13 INTERNAL',
  14: '14 UNAVAILABLE',
  16: '16 UNAUTHENTICATED',
};

const BEGINNING = 64;
const ENDING = 24;

/** The shortest message that breaks the rule; a request where there is one. */
function shown(code: RuleCode): string {
  const all = REFUSALS.filter((refusal) => refusal.code === code);
  const requests = all.filter(({ asked }) => asked === undefined);
  const { bytes } = (requests.length > 0 ? requests : all).toSorted((a, b) => a.bytes.length - b.bytes.length)[0]!;
  if (bytes === '') return 'the end of the connection';
  const text = JSON.stringify(bytes)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll('\x7f', '\\u007f')
    .replaceAll('|', '\\|');
  if (text.length <= BEGINNING + ENDING) return `\`${text}\``;
  return `\`${text.slice(0, BEGINNING)}\` … \`${text.slice(-ENDING)}\` (${bytes.length} octets)`;
}

if (import.meta.main) {
  const page = renderWire();
  if (process.argv.includes('--write')) writeFileSync(WIRE_PAGE, page);
  else if (readFileSync(WIRE_PAGE, 'utf8') !== page) {
    console.error('docs/wire.md is out of date: run node test/tools/wire.ts --write');
    process.exitCode = 1;
  }
}
