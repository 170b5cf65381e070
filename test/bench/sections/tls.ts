/** TLS 1.3 and HTTP/2 against nginx, in alternating rounds. */
import { withoutH2load } from '../h2load.ts';
import { nginxTls } from '../subjects/nginx.ts';
import { weirTls } from '../subjects/node.ts';
import type { Subject } from '../subjects/types.ts';
import { alternate, type RatioGoal, roundsResult } from './rounds.ts';
import type { Section } from './types.ts';

const SUBJECTS: readonly Subject[] = [nginxTls, weirTls];
const WEIR = { subject: 'weir-tls', against: 'nginx-tls' } as const;

const TLS_GOALS: readonly RatioGoal[] = [
  { ...WEIR, load: 'tls', text: 'GET over TLS 1.3 on kept connections, against nginx', atMost: 1.6 },
];
const H2_GOALS: readonly RatioGoal[] = [
  { ...WEIR, load: 'h2', text: 'GET by HTTP/2 through h2load, against nginx', atMost: 1 },
];

export const tls: Section = {
  name: 'tls',
  title: 'TLS 1.3',
  quick: false,
  method: ({ rounds }) =>
    `Alternating rounds (${rounds}) of GETs on kept connections over TLS 1.3, plain HTTP to the upstream. Both have the ` +
    'same certificate (ECDSA, P-256) and keep no sessions; handshakes are not counted.',
  measure: async (options, say) => roundsResult(await alternate(SUBJECTS, options, say, ['tls']), TLS_GOALS),
};

export const h2: Section = {
  name: 'h2',
  title: 'HTTP/2',
  quick: false,
  method: ({ rounds, connections }) =>
    `Alternating rounds (${rounds}) of GETs from h2load over TLS 1.3: ${connections} requests at a time, 8 on each ` +
    'connection, handshakes counted; plain HTTP/1.1 to the upstream. Answers are looked at by their status alone.',
  measure: async (options, say) => {
    const without = (subject: Subject): Subject => ({
      ...subject,
      missing: () => withoutH2load() || subject.missing(),
    });
    return roundsResult(await alternate(SUBJECTS.map(without), options, say, ['h2']), H2_GOALS);
  },
};
