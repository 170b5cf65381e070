/** A start with the sample rules: how long until it is ready, and how much memory it has then. */
import { measureStarts, type Start } from '../start.ts';
import { summarize } from '../stats.ts';
import { atMost, type Section } from './types.ts';

const STARTS = 5;

function row(name: string, starts: readonly Start[]): string[] {
  const time = summarize(starts.map(({ seconds }) => seconds));
  const cpu = summarize(starts.map((start) => start.cpu));
  const [memory, settled] = (['rss', 'settled'] as const).map((key) =>
    summarize(starts.map((start) => start[key] / 2 ** 20)).median.toFixed(0),
  );
  const range = `${time.min.toFixed(2)}–${time.max.toFixed(2)}`;
  return [name, time.median.toFixed(2), range, cpu.median.toFixed(2), memory!, settled!];
}

export const start: Section = {
  name: 'start',
  title: 'Start',
  quick: false,
  method: () =>
    `From the start of the process to the first 200 of \`/readyz\`, with the sample rules; seconds, ${STARTS} starts each. ` +
    'A process begins just before a whole second, so that the wait of signatures for one does not count. Memory is ' +
    'resident memory with one traffic thread, at that moment, which the goal is for, and a second later. The built package ' +
    'is what counts, with compiled ' +
    'code kept from an earlier start. `node test/bench/start.ts` measures with the threads of the sample config.',
  measure: async (_options, say) => {
    const found = await measureStarts(STARTS, 1, (name) => say(`start: ${name}`));
    const { seconds, rss } = Object.fromEntries(
      (['seconds', 'rss'] as const).map((key) => [
        key,
        summarize(found.get('package, compiled code kept')!.map((s) => s[key])).median,
      ]),
    ) as Record<'seconds' | 'rss', number>;
    return {
      goals: [
        atMost('start to ready, sample rules', 0.7, ' s', seconds),
        atMost('memory at start, one traffic thread', 120, ' MB', Math.round(rss / 2 ** 20)),
      ],
      cells: [
        ['', 'seconds', 'min–max', 'CPU seconds', 'RSS MB', 'a second later'],
        ...[...found].map(([name, starts]) => row(name, starts)),
      ],
      problems: {},
    };
  },
};
