/** The schema of rule files, put together from the sections and the kinds of policy there are. */
import type { PolicyKind } from '../../types/policy.ts';
import { NAMES } from './common.ts';
import { REGIONS } from './regions.ts';
import { ROUTES } from './routes.ts';
import { TESTS } from './tests.ts';
import { UPSTREAMS } from './upstreams.ts';

/** Sections of a rule file. */
export const SECTIONS = ['regions', 'upstreams', 'policies', 'routes', 'tests'] as const;
export type SectionName = (typeof SECTIONS)[number];

/** Draft-07 schema of a file in `rules/`. Fragments of kinds must stand by themselves: no `$ref`, no `definitions`. */
export function rulesSchema(kinds: readonly PolicyKind[]): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Weir rules',
    description: 'One file of a rule set. All *.yaml files of the folder count as one.',
    type: 'object',
    additionalProperties: false,
    properties: {
      regions: REGIONS,
      upstreams: UPSTREAMS,
      policies: {
        type: 'object',
        description: 'Policies by name; each is of one kind.',
        propertyNames: NAMES,
        additionalProperties: policySchema(kinds),
      },
      routes: ROUTES,
      tests: TESTS,
    },
  };
}

function policySchema(kinds: readonly PolicyKind[]): object {
  return {
    type: 'object',
    description: 'One kind and its settings.',
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    properties: Object.fromEntries(
      kinds.map(({ kind, summary, schema }) => [kind, { description: summary, ...schema }]),
    ),
  };
}
