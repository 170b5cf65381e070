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
\`npm run bench -- --profile weir-rules\` prints the profile of each thread, \`npm run bench -- --quiet --load get --profile\`
(or \`--heap\`) what JavaScript a request takes, without the system's part.

On 2026-11-21, \`perf record\` of one Weir under the rounds' load, signed POST of 1 KB:

|  | kernel | Node: C++ and built-in functions | compiled JavaScript |
|---|---|---|---|
| weir-plain | 47% | 23% | 27% |
| weir-rules | 38% | 30% | 29% |

The kernel's largest part (9% of all in weir-plain, 16% in weir-rules) is waking the process at the other end of a write. It grows
with what a request costs, because whoever waits for the next one has gone to sleep meanwhile. In JavaScript nothing stands
out: a plain GET's largest functions are the check of values (\`fields/line.ts\`, 0.3 µs of 7), finding lines
(\`fields/section.ts\`, 0.25), names (0.2) and the clock (0.2); the garbage collector takes 0.4. With five rules SHA-256 takes
1 µs, and Node's ways around it 1.4.

### Kept
- Heads as text and numbers, written in runs (\`src/fields\`), in place of lists of strings that were copied, filtered and
  checked again.
- What leaves in a turn put together in one room that all sockets of a thread share: 5.5 → 4.1 KB a plain GET. Reads lent from
  one block for all connections: 3.7 → 3.5 KB.
- Writes on the socket's handle, past Node's streams.
- One timer wheel that sleeps until something is due; one reading of the clock for each callback.
- Lines of the access log as bytes in shared memory: 0.37 µs each on the traffic thread, where pino and its record took 2.6.
- Over HTTP/2, \`--no-allocation-site-pretenuring\`: V8 made objects of streams in the old generation, where dead ones keep
  others alive (peak 460 → 344 MB). Errors that nobody reads are not made: 2.9 of 22 µs.
- Endpoints listed by region; routes as numbers in two blocks of memory; counters written through their block.
- At the start: schemas compiled ahead, compiled code of the main thread kept, one full collection while threads start.
- Of before: our own HTTP/1.1 on both sides in place of Node's server and undici; slots in place of maps for facts; one-shot
  HMAC; heads checked as octets.

### Tried and not kept
- Heads written without a check: a policy's mistake could then break out of a line. With runs it gains nothing.
- Young generations of 3, 8, 24 and 96 MB; read blocks of 256 KB; slabs of our own for what is copied: no difference beyond
  noise.
- HTTP/2: a list through the streams in place of a \`Set\` (40 of 7,480 bytes); overrides in a prototype (nothing).
- 10,000 routes: steps and closures shared between routes (memory, no time).
- The start: \`--semi-space-growth-factor\`; a \`package.json\` in \`dist\`; module hooks that do not look at the disk (8% of the
  CPU time, for a part that every debugger has to live with); pino loaded by the first line (there may be no descriptor left
  then); a schema checker of our own (as fast as ajv's code made ahead, and one more thing to keep true).

### Goals that are missed, and what comes next
- **Plain GET, JavaScript and CPU.** In the quiet harness the bare forwarder takes about half of Weir's time, so a goal of
  5 µs leaves 1 µs on this machine for limits, timeouts, metrics, routing, forwarding fields and ids. The bare forwarder
  itself costs about 1.3 × nginx here. Next: what proxies said of a request in scratch memory of the thread, the body's
  object only where there is a body, one object for exchange and attempts.
- **Five rules.** Next: hold the writes of one turn of the event loop back to its end, so that the other end is woken once
  for many (it changes when an exchange is told that its reply is out); HMAC over bytes that are there already in place of
  text that is joined and flattened; the nonce's table through fewer atomic reads.
- **Access log.** What is left is mostly the main thread (search for secrets, write) and the wake-ups of a batch. Next: batches
  by time under load rather than by size.
- **TLS.** Writes go through Node's streams, because a failed \`SSL_write\` is told in a way that only Node's own code can
  read. Next: one cork for each turn.
- **HTTP/2.** Node's own HTTP/2 server with TLS, doing nothing, took 10.6 to 11 µs of JavaScript in the same harness where Weir's
  edge took 15; nginx's whole process takes about as much. A codec of our own is the only way to the goal. Next, short of
  that: fields that keep Node's raw list as it is and edit it in place.
- **Upload.** Each 64 KB lands in cold memory (\`_copy_to_iter\`, concurrent marking). Next: read into a block again once the
  upstream's socket has taken it, where nothing keeps it.
- **10,000 routes.** What is left is cold memory: a leaf, a route and two series for each request. Next: one object for leaf and
  route, which carries its series' places.
- **Reloads.** The longest turn of a traffic thread in them is 9 to 13 ms of CPU; the rest is other work on the same two
  cores (the main thread reads YAML for about a second, V8's helpers collect beside it). Next: reading rules in a thread of
  lower priority, or only the files that changed.`;
