/** Alternating rounds: whole processes side by side, CPU time for each request. */
import type { Options } from '../options.ts';
import { type Outcome, Session } from '../session.ts';
import { ratios } from '../stats.ts';
import { SUBJECTS } from '../subjects/index.ts';
import type { LoadKind, Subject } from '../subjects/types.ts';
import { cpus, find, ratioText, rows } from '../table.ts';
import type { GoalRow, Say, Section, SectionResult } from './types.ts';

/** CPU time of `subject` against that of `against` under one load. */
export interface RatioGoal {
  readonly text: string;
  readonly subject: string;
  readonly against: string;
  readonly load: LoadKind;
  readonly atMost: number;
}

const FIVE = { subject: 'weir-rules', load: 'post' } as const;
const PLAIN = { subject: 'weir-plain', load: 'get' } as const;

const GOALS: readonly RatioGoal[] = [
  { ...FIVE, text: 'five rules, against bare http-proxy doing nothing', against: 'http-proxy', atMost: 0.75 },
  { ...FIVE, text: 'five rules, against nginx + Lua with the same rules', against: 'nginx-lua', atMost: 1 },
  { ...FIVE, text: 'five rules, against the same, further', against: 'nginx-lua', atMost: 0.95 },
  { ...FIVE, text: 'five rules, access log on / off', subject: 'weir-rules-log', against: 'weir-rules', atMost: 1.02 },
  { ...PLAIN, text: 'plain GET, against nginx', against: 'nginx', atMost: 1.3 },
  { ...PLAIN, text: 'plain GET, against bare http-proxy', against: 'http-proxy', atMost: 0.28 },
  { ...PLAIN, text: 'plain GET, against the bare forwarder', against: 'bare', atMost: 1.3 },
];

/** What came of the goals: by the median of the ratios. */
export function ratioGoals(outcome: Outcome, goals: readonly RatioGoal[]): GoalRow[] {
  return goals.map(({ text, subject, against, load, atMost }) => {
    const weir = find(outcome, subject, load);
    const other = find(outcome, against, load);
    const verdict =
      weir && other ? (ratios(cpus(weir), cpus(other)).median <= atMost ? 'held' : 'missed') : 'not measured';
    return { what: `CPU: ${text}`, goal: `≤ ${atMost}`, measured: ratioText(weir, other), verdict };
  });
}

/** The section's result; its goals are those of the rounds unless others are given. */
export function roundsResult(outcome: Outcome, goals: readonly RatioGoal[] = GOALS): SectionResult {
  return { goals: ratioGoals(outcome, goals), cells: rows(outcome), problems: outcome.problems };
}

/** Runs `subjects` side by side under `loads`, or under all of theirs. */
export async function alternate(
  subjects: readonly Subject[],
  options: Options,
  say: Say,
  loads?: readonly LoadKind[],
): Promise<Outcome> {
  const session = await Session.open(options, say);
  try {
    await session.prepare(subjects);
    return await session.measure(loads);
  } finally {
    await session.close();
  }
}

export const rounds: Section = {
  name: 'rounds',
  title: 'Alternating rounds',
  quick: true,
  method: ({ rounds: count }) =>
    `CPU time for each request, as under [Method](#method). Medians over ${count} rounds. Ratios are taken round by round; ` +
    'in parentheses the lowest and the highest.',
  measure: async (options, say) => roundsResult(await alternate(SUBJECTS, options, say)),
};
