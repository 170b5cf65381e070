/** The command line of the bench. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
  /** Names of subjects of the rounds; empty = all. */
  readonly only: readonly string[];
  /** Sections; empty = those that are quick, or all with `full`. */
  readonly sections: readonly string[];
  readonly full: boolean;
  /** Size of a large body. */
  readonly megabytes: number;
  readonly json: boolean;
  /** Name of the subject to profile instead, or ''. */
  readonly profile: string;
}

export const USAGE = `npm run bench -- [options]
  --rounds N        measured rounds (9)
  --requests N      requests a round, subject and kind of load (20000)
  --connections N   open at once (64)
  --only a,b        these sections alone: SECTIONS;
                    or these subjects of the rounds, and docs/performance.md is then left as it is
  --full            all sections: about a quarter of an hour; without it those that are quick, about five minutes
  --megabytes N     size of a large upload or download (1024)
  --json            print the figures as JSON
  --quiet ...       JavaScript time and bytes allocated for each request instead; has options of its own
  --profile NAME    run one Node subject under --cpu-prof and print where its time goes`;

/**
 * Reads the arguments.
 * @throws {Error} with what is wrong with them
 */
export function readOptions(
  args: readonly string[],
  subjects: readonly string[],
  sections: readonly string[] = [],
): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '9' },
      requests: { type: 'string', default: '20000' },
      connections: { type: 'string', default: '64' },
      only: { type: 'string', default: '' },
      full: { type: 'boolean', default: false },
      megabytes: { type: 'string', default: '1024' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string', default: '' },
    },
  });
  const named = values.only.split(',').filter((name) => name !== '');
  const only = named.filter((name) => !sections.includes(name));
  if (only.length > 0 && only.length < named.length) throw new Error('--only takes sections or subjects, not both');
  for (const name of values.profile === '' ? only : [...only, values.profile]) {
    if (!subjects.includes(name)) throw new Error(`no subject ${name}; there are ${subjects.join(', ')}`);
  }
  return {
    rounds: positive('rounds', values.rounds),
    requests: positive('requests', values.requests),
    connections: positive('connections', values.connections),
    only,
    sections: named.filter((name) => sections.includes(name)),
    full: values.full,
    megabytes: positive('megabytes', values.megabytes),
    json: values.json,
    profile: values.profile,
  };
}

function positive(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} takes a whole number above 0, not ${text}`);
  return Number(text);
}
