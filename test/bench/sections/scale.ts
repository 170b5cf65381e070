/** What the size of the rules costs a request: many routes against ten, many regions against three. */
import { COUNTRY_REGION } from '../rules.ts';
import { weirWith } from '../subjects/node.ts';
import type { Subject } from '../subjects/types.ts';
import { alternate, type RatioGoal, roundsResult } from './rounds.ts';
import type { Section } from './types.ts';

/** Every path of the bigger set has a namesake of as many segments in the smaller one. */
export function pathOf(route: number): string {
  return `/svc${route % 100}/v${route}/items/7`;
}

/** Rules with `count` routes; a policy and one upstream for all. `stamp` makes them differ from others. */
export function routesYaml(count: number, upstream: number, stamp = ''): string {
  const routes = Array.from(
    { length: count },
    (_, i) => `  r${i}: { match: { path: /svc${i % 100}/v${i}/items/:id }, use: [stamped], to: claude }`,
  );
  return `upstreams: { claude: { endpoints: { us: { url: "http://127.0.0.1:${upstream}" } } } }
policies: { stamped: { headers: { request: { set: { x-stamp: "${stamp}-\${client.address}" } } } } }
routes:
${routes.join('\n')}
`;
}

/** Rules with `count` regions, an endpoint in each; as many of them have countries as there are. */
function regionsYaml(count: number, upstream: number): string {
  const countries = Object.keys(COUNTRY_REGION);
  const share = (i: number): string => countries.filter((_, at) => at % count === i).join(', ');
  const each = (line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join('\n');
  return `regions:
${each((i) => `  r${i}: { countries: [${share(i)}]${i === 0 ? ', default: true' : ''} }`)}
upstreams:
  claude:
    endpoints:
${each((i) => `      e${i}: { region: r${i}, url: "http://127.0.0.1:${upstream}" }`)}
    choose: [region]
    fallback: [r0]
routes:
  all: { match: { path: "/**" }, to: claude }
`;
}

function withRoutes(count: number): Subject {
  const about = { name: `weir-routes-${count}`, title: `Weir, ${count} routes, all asked for in turn` };
  const paths = Array.from({ length: count }, (_, i) => pathOf(i));
  return weirWith({ ...about, loads: ['paths'], paths }, (upstream) => routesYaml(count, upstream));
}

function withRegions(count: number): Subject {
  const about = { name: `weir-regions-${count}`, title: `Weir, ${count} regions, an endpoint in each` };
  return weirWith({ ...about, loads: ['get'] }, (upstream) => regionsYaml(count, upstream));
}

const SUBJECTS = [withRoutes(10), withRoutes(10_000), withRegions(3), withRegions(1_000)];
const GOALS: readonly RatioGoal[] = [
  { subject: 'weir-routes-10000', against: 'weir-routes-10', load: 'paths', text: '10,000 routes / 10', atMost: 1.05 },
  { subject: 'weir-regions-1000', against: 'weir-regions-3', load: 'get', text: '1,000 regions / 3', atMost: 1.05 },
];

export const scale: Section = {
  name: 'scale',
  title: 'Many routes, many regions',
  quick: false,
  method: ({ rounds }) =>
    `Alternating rounds (${rounds}) of GETs. Requests ask for every route in turn, so that the larger rule set is not ` +
    'measured by one route that stays in the cache; with regions they come from clients all over the world.',
  measure: async (options, say) => roundsResult(await alternate(SUBJECTS, options, say), GOALS),
};
