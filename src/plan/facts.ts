/** Facts that every exchange has, as data: what the checks, the docs and the compiler agree on. */
import type { TemplateUse } from '../types/policy.ts';

type Phase = TemplateUse['phase'];

export interface BuiltInFact {
  /** A name; or, where it ends in a dot, what names of a family begin with. */
  readonly name: string;
  /** Where it is known. */
  readonly phases: readonly Phase[];
  readonly description: string;
}

const ANYWHERE: readonly Phase[] = ['admit', 'attempt', 'reply'];
const WITH_ENDPOINT: readonly Phase[] = ['attempt', 'reply'];

const fact = (name: string, description: string, phases = ANYWHERE): BuiltInFact => ({ name, phases, description });

export const BUILT_IN_FACTS: readonly BuiltInFact[] = Object.freeze([
  fact('request.id', 'Id of the request.'),
  fact('request.method', 'Its method.'),
  fact('request.path', 'Its path in normal form as it goes on, without the query.'),
  fact('request.query', 'Its query with the `?`, or nothing.'),
  fact('request.host', 'Its host in normal form, without port.'),
  fact('route', 'Name of the route.'),
  fact('revision', 'Revision of the rule set.'),
  fact('client.address', 'Address of the client.'),
  fact(
    'client.network',
    'Its network: the /64 of an IPv6 address, an IPv4 address as /32. What to limit strangers by.',
  ),
  fact('client.country', 'ISO code of the client’s country, or nothing.'),
  fact('client.continent', 'Code of the client’s continent, or nothing.'),
  fact('client.region', 'Name of the region the client belongs to, or nothing.'),
  fact('header.', 'First value of a request header: `header.x-name`.'),
  fact('query.', 'First value of a query parameter: `query.name`.'),
  fact('path.', 'Segment that `:name` of the route’s path stands for, without parameters: `path.name`.'),
  fact('upstream.name', 'Name of the upstream.', WITH_ENDPOINT),
  fact('upstream.endpoint', 'Name of the endpoint.', WITH_ENDPOINT),
  fact('upstream.region', 'Region of the endpoint, or nothing.', WITH_ENDPOINT),
  fact('reply.status', 'Status of the reply.', ['reply']),
]);

/** The built-in fact that `name` is or belongs to, or undefined. */
export function builtInFact(name: string): BuiltInFact | undefined {
  return BUILT_IN_FACTS.find((known) =>
    known.name.endsWith('.') ? name.startsWith(known.name) && name.length > known.name.length : name === known.name,
  );
}
