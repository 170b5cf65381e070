/** The command line of the bench. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
  /** Names of subjects; empty = all. */
  readonly only: readonly string[];
  readonly json: boolean;
  /** Name of the subject to profile instead, or ''. */
  readonly profile: string;
}

export const USAGE = `npm run bench -- [options]
  --rounds N        measured rounds (9)
  --requests N      requests a round, subject and kind of load (20000)
  --connections N   open at once (64)
  --only a,b        these subjects alone; docs/performance.md is then left as it is
  --json            print the figures as JSON
  --quiet ...       JavaScript time and bytes allocated for each request instead; has options of its own
  --profile NAME    run one Node subject under --cpu-prof and print where its time goes`;

/**
 * Reads the arguments.
 * @throws {Error} with what is wrong with them
 */
export function readOptions(args: readonly string[], subjects: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '9' },
      requests: { type: 'string', default: '20000' },
      connections: { type: 'string', default: '64' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string', default: '' },
    },
  });
  const only = values.only.split(',').filter((name) => name !== '');
  for (const name of values.profile === '' ? only : [...only, values.profile]) {
    if (!subjects.includes(name)) throw new Error(`no subject ${name}; there are ${subjects.join(', ')}`);
  }
  return {
    rounds: positive('rounds', values.rounds),
    requests: positive('requests', values.requests),
    connections: positive('connections', values.connections),
    only,
    json: values.json,
    profile: values.profile,
  };
}

function positive(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} takes a whole number above 0, not ${text}`);
  return Number(text);
}
