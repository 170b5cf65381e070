/** docs/performance.md, written whole by the bench from the last result of each section. */
import type { Options } from './options.ts';
import type { GoalRow, Results, Section, Stored } from './sections/types.ts';
import type { Subject } from './subjects/types.ts';

/** The page. What was never measured is said to be so. */
export function page(
  results: Results,
  options: Options,
  sections: readonly Section[],
  subjects: readonly Subject[],
): string {
  return `${[
    '# Performance',
    'Written by `npm run bench`; do not edit. What counts is CPU time per request: requests per second and latency say ' +
      'more about the machine and its other guests than about a proxy. `npm run bench` measures what is quick, `--full` all ' +
      'sections, `--only NAME` one; the others stay as they were, and each says when it was made.',
    '## Goals',
    goals(results, sections),
    ...sections.map((section) => chapter(section, results[section.name])),
    '## Subjects',
    subjects.map(({ name, title }) => `- **${name}**: ${title}`).join('\n'),
    METHOD(options),
    FAIRNESS,
    TRIED,
  ].join('\n\n')}\n`;
}

function goals(results: Results, sections: readonly Section[]): string {
  const rows = sections.flatMap(({ name }) => {
    const stored = results[name];
    return (stored?.result.goals ?? []).map((goal) => goalCells(goal, stored!));
  });
  const missing = sections.filter(({ name }) => !(name in results)).map(({ name }) => `\`${name}\``);
  const table = markdown([['', 'goal', 'measured', '', 'made on'], ...rows]);
  return missing.length > 0 ? `${table}\n\nNot measured yet: ${missing.join(', ')}.` : table;
}

function goalCells({ what, goal, measured, verdict }: GoalRow, { machine }: Stored): string[] {
  return [what, goal, measured, verdict, machine.date];
}

function chapter(section: Section, stored: Stored | undefined): string {
  const title = `## ${section.title}`;
  const command = `\`npm run bench -- --only ${section.name}\``;
  if (stored === undefined) return `${title}\n\nNot measured yet: ${command}.`;
  const { result, method } = stored;
  const lines = Object.entries(result.problems).map(([name, problem]) => `- **${name}** was not measured: ${problem}`);
  const parts = [title, method];
  if (result.cells.length > 0) parts.push(markdown(result.cells));
  if (lines.length > 0) parts.push(lines.join('\n'));
  return [...parts, `${madeOn(stored)} By ${command}.`].join('\n\n');
}

function markdown(cells: readonly (readonly string[])[]): string {
  const lines = cells.map((line) => `| ${line.join(' | ')} |`);
  lines.splice(1, 0, `|${cells[0]!.map(() => '---').join('|')}|`);
  return lines.join('\n');
}

function madeOn({ machine, seconds }: Stored): string {
  const { date, commit, hardware, kernel, versions } = machine;
  return `Made on ${date}, commit ${commit}, in ${seconds} s: ${hardware}, ${kernel}; ${versions.join(', ')}.`;
}

const METHOD = ({ requests, connections }: Options) => `## Method

Of the alternating rounds; other sections say what is different.

- Whole processes side by side. Each subject is started once, warmed up, and lives through all rounds; a round gives each
  in turn ${requests} requests over ${connections} kept connections, and each round begins with another subject.
- CPU time is the operating system's: user and system time of the subject's process, all its threads and all its child
  processes, read from \`/proc/<pid>/task/*/schedstat\` (to the nanosecond; \`/proc/<pid>/stat\` where threads came or
  went) before and after each burst. Load generator and upstream are processes of their own
  and do not count.
- A signed POST carries 1024 bytes of JSON, its own nonce and its own signature, made before the burst. Clients are 512
  public addresses spread over the IPv4 space. The answer is 1 KB of JSON.
- Every answer is looked at: 200, and from the region that serves the client's country. Before each burst the subject
  must also refuse a replay, a wrong signature, a changed body, an old timestamp and an unsigned request with 401, and
  show the upstream the mapped path, the added headers and none of those to remove. Before the run a second instance
  must open its breaker and move clients to the next region. A subject that fails is named and not measured.
- Memory is resident memory after the last round; pages that nginx's two processes share count twice.`;

const FAIRNESS = `## Fairness
- One worker each: nginx \`worker_processes 1\`, Weir \`threads: 1\` (its control thread counts too).
- No access log, but in the rows named \`-log\`: nginx's is buffered (64 KB), Weir's is JSON on standard output, into a file.
- Kept connections on both sides for all; TLS where a section says so; loopback; the same bytes in for all.
- Bare http-proxy and plain nginx touch no header but \`Connection\` and \`Host\`. Weir adds \`Via\` and \`X-Forwarded-*\`, looks at framing, limits and
  timeouts and counts metrics even where no policy runs.
- nginx + Lua does each rule the cheapest way its users know: country by the C module geoip2 from the same database
  file, region and version map by \`map\`, header edits by \`proxy_set_header\` and headers-more; only signature, nonce
  and breaker are Lua (one look at the store for a nonce, as in Weir: its rules fix the nonce's length), with libcrypto through FFI, a key schedule made once and shared dictionaries. It writes no
  metrics and no per-request limits, and its breaker does not see replies that die mid-body.
- The load holds nobody up: plain nginx costs the same per request under wrk. wrk is not used because each signed
  request must be new and each answer looked at.`;

const TRIED = `## Where the time goes, and what was tried
\`npm run bench -- --profile weir-rules\` prints the profile of each thread. About half of a request is the system's:
two reads and two writes (\`strace -c\` shows no other call for each request), and waking the process at the other end.
The next largest parts are the garbage collector, the writing of heads and HMAC-SHA256; no other function of Weir's
stands out.

The traffic thread on 2026-11-20, by file, self time, everything from the start of the process included:

    busy 4.14 s, 34.5 µs/request (warm-up included)
     56.3%   19.40 µs  writeBuffer
      3.5%    1.20 µs  node:internal/crypto/hash
      3.0%    1.03 µs  (native)
      2.8%    0.98 µs  src/http1/write.ts
      1.9%    0.66 µs  (garbage collector)
      1.8%    0.62 µs  src/traffic/exchange/exchange.ts
      1.8%    0.61 µs  wasm://wasm/00ad0bc6
      1.7%    0.60 µs  src/template/header-edits.ts
      1.7%    0.57 µs  node:internal/buffer
      1.6%    0.56 µs  src/policies/signature/verify.ts
      1.6%    0.56 µs  src/store/table.ts
      1.1%    0.38 µs  (program)

Kept, because alternating rounds confirmed it: our own HTTP/1.1 on both sides in place of Node's server and undici; one
write for head and small body; \`onread\` buffers towards upstreams; joined buffers rather than \`writev\` for small bodies; a timer wheel in place of timers; slots in place of maps
for facts; one-shot HMAC; a young generation large enough for the requests under way,
and an old one that is not marked anew for every few megabytes; heads checked as octets, because
looking at the characters of slices, concatenations and plain strings in turn is a megamorphic load for each.

Tried and not kept: strings in place of buffers for joined replies (no gain); heads written without a check (a gain, but
a policy's mistake could then break out of a line).

Not tried yet: holding the writes of one turn of the event loop back to its end, so that the other end is woken once for
many. It changes when an exchange is told that its reply is out, so it wants a piece of work of its own.`;
