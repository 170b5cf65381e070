/**
 * A plan on its way to the traffic threads: serialised once for all of them, in pieces that each thread reads at its own
 * pace. A message with the plan itself would be read in one go, and written once for each thread.
 *
 * Most routes of a large rule set differ in little but their names and paths. What they have in common is sent once, and
 * is one object for all of them at the other end: it is read faster, takes less memory, and stays in the cache.
 */
import { deserialize, serialize } from 'node:v8';
import type { Steps } from '../slices.ts';
import type { Plan, RoutePlan } from '../types/plan.ts';
import type { PackedPlan } from '../types/threads.ts';

/** Upstreams, policies or routes in one piece: less than a millisecond's reading. */
const PIECE = 100;

/** What routes have in common: a route without name, path, line and column. */
type Template = RoutePlan;

/** What is a route's own, a column for each. */
interface RouteColumns {
  /** Index into the templates. */
  readonly templates: readonly number[];
  readonly names: readonly string[];
  readonly paths: readonly string[];
  readonly lines: readonly number[];
  readonly columns: readonly number[];
}

/** One piece of a plan: what is in it is joined to what came before. */
type Piece = Partial<Omit<Plan, 'routes'>> & {
  readonly templates?: readonly Template[];
  readonly routes?: RouteColumns;
};

/**
 * Without the tests, which no traffic thread runs.
 * @throws {Error} where something in the plan cannot be serialised.
 */
export function packPlan(plan: Plan): PackedPlan {
  const { upstreams, policies, routes, ...rest } = plan;
  const { templates, numbers } = templatesOf(routes);
  const pieces = [
    serialize({ ...rest, tests: [] } satisfies Piece),
    ...inPieces(upstreams, (some) => ({ upstreams: some })),
    ...inPieces(policies, (some) => ({ policies: some })),
    ...inPieces(templates, (some) => ({ templates: some })),
    ...inPieces(routes, (some, from) => ({ routes: columnsOf(some, numbers.slice(from, from + PIECE)) })),
  ];
  const bytes = new Uint8Array(new SharedArrayBuffer(pieces.reduce((sum, { length }) => sum + length, 0)));
  let end = 0;
  const ends = pieces.map((piece) => {
    bytes.set(piece, end);
    end += piece.length;
    return end;
  });
  return { revision: plan.revision, bytes, ends };
}

/** The different templates, and the number of each route's. */
function templatesOf(routes: readonly RoutePlan[]): { templates: Template[]; numbers: number[] } {
  const known = new Map<string, number>();
  const templates: Template[] = [];
  const numbers = routes.map((route) => {
    const template = withOwn(route, '', '', 0, 0);
    // What is serialised alike is alike.
    const key = serialize(template).toString('latin1');
    let number = known.get(key);
    if (number === undefined) {
      number = templates.push(template) - 1;
      known.set(key, number);
    }
    return number;
  });
  return { templates, numbers };
}

function withOwn(template: Template, name: string, path: string, line: number, column: number): RoutePlan {
  const { match, place } = template;
  return { ...template, name, match: { ...match, path }, place: { ...place, line, column } };
}

function columnsOf(routes: readonly RoutePlan[], templates: readonly number[]): RouteColumns {
  return {
    templates,
    names: routes.map(({ name }) => name),
    paths: routes.map(({ match }) => match.path),
    lines: routes.map(({ place }) => place.line),
    columns: routes.map(({ place }) => place.column),
  };
}

function inPieces<T>(items: readonly T[], piece: (some: readonly T[], from: number) => Piece): Buffer[] {
  const pieces: Buffer[] = [];
  for (let i = 0; i < items.length; i += PIECE) pieces.push(serialize(piece(items.slice(i, i + PIECE), i)));
  return pieces;
}

/** The plan again, in a step for each piece. Routes that have something in common share it. */
export function* unpackPlan({ bytes, ends }: PackedPlan): Steps<Plan> {
  const upstreams: Plan['upstreams'][number][] = [];
  const policies: Plan['policies'][number][] = [];
  const templates: Template[] = [];
  const routes: RoutePlan[] = [];
  let rest: Omit<Piece, 'routes' | 'templates'> = {};
  let start = 0;
  for (const end of ends) {
    // A copy, since a buffer in the plan would be a view of these bytes, and they are shared.
    const piece = deserialize(bytes.slice(start, end)) as Piece;
    start = end;
    if (piece.upstreams) upstreams.push(...piece.upstreams);
    else if (piece.policies) policies.push(...piece.policies);
    else if (piece.templates) templates.push(...piece.templates);
    else if (piece.routes) addRoutes(routes, piece.routes, templates);
    else rest = piece;
    yield;
  }
  return { ...(rest as Omit<Plan, 'routes'>), upstreams, policies, routes };
}

function addRoutes(routes: RoutePlan[], own: RouteColumns, templates: readonly Template[]): void {
  for (let i = 0; i < own.names.length; i++) {
    const template = templates[own.templates[i]!]!;
    routes.push(withOwn(template, own.names[i]!, own.paths[i]!, own.lines[i]!, own.columns[i]!));
  }
}
