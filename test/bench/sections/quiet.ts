/** The quiet figures: bytes allocated and JavaScript time, beside those of the commit that the redesign began with. */
import { checkoutOf } from '../quiet/checkout.ts';
import { measureQuiet, type QuietSeries } from '../quiet/measure.ts';
import { LOAD_NAMES, type LoadName } from '../quiet/messages.ts';
import { figure, quietRows } from '../quiet/report.ts';
import { ratios } from '../stats.ts';
import { ROOT } from '../subjects/files.ts';
import { atMost, type GoalRow, type Section } from './types.ts';

/** Before the redesign of how a message is held and moved. */
const BEFORE = 'ec0bb70';
/** Requests a round, at most: rounds are short, so that each pair of them sees the same machine. */
const REQUESTS = 4_000;

function goals(series: readonly QuietSeries[]): GoalRow[] {
  const find = (load: LoadName, program: string) => series.find((s) => s.load === load && s.program === program);
  const [get, five, before] = [find('get', 'this'), find('five', 'this'), find('five', 'against')];
  const ratio = (of: (round: QuietSeries['rounds'][number]) => number): number =>
    five && before ? ratios(five.rounds.map(of), before.rounds.map(of)).median : Number.NaN;
  return [
    atMost('plain GET: bytes allocated', 3584, ' B', get ? figure(get, ({ bytes }) => bytes).median : Number.NaN),
    atMost('plain GET: JavaScript', 5, ' µs', get ? figure(get, ({ micros }) => micros).median : Number.NaN),
    atMost(
      'five rules: bytes allocated, now / before',
      0.6,
      '',
      ratio(({ bytes }) => bytes),
    ),
    atMost(
      'five rules: JavaScript, now / before',
      0.6,
      '',
      ratio(({ micros }) => micros),
    ),
  ];
}

export const quiet: Section = {
  name: 'quiet',
  title: 'Quiet figures',
  quick: true,
  method: ({ rounds, requests }) =>
    'The whole of Weir in a process of its own, with TCP handles whose reads come from the bench and whose writes are done ' +
    'at once, over 64 connections: what V8 allocates on its heap, and the CPU time of the traffic thread, for each request ' +
    `(of streams for each event). Medians over ${rounds} rounds of ${Math.min(requests, REQUESTS)} requests that alternate with the commit ` +
    `before the redesign (\`against\`: ${BEFORE}) and the bare forwarder; \`×\`: this commit divided by the one in the row. ` +
    '`reads` and `writes` are those of the handles. `npm test` holds the bytes within a tenth of test/bench/quiet.json. ' +
    '`npm run bench -- --quiet --heap` (or `--profile`) says who allocates and where time goes.',
  measure: async ({ rounds, requests }, say) => {
    const against = checkoutOf(BEFORE);
    const problems: Record<string, string> =
      against === null ? { [BEFORE]: 'this clone does not have that commit' } : {};
    try {
      const series = await measureQuiet(
        {
          checkout: ROOT,
          against: against?.folder ?? '',
          bare: true,
          loads: LOAD_NAMES,
          rounds,
          requests: Math.min(requests, REQUESTS),
        },
        say,
      );
      return { goals: goals(series), cells: quietRows(series), problems };
    } finally {
      against?.remove();
    }
  },
};
