/**
 * A plan on its way to the traffic threads: serialised once for all of them, in pieces that each thread reads at its own
 * pace. A message with the plan itself would be read in one go, and written once for each thread.
 */
import { deserialize, serialize } from 'node:v8';
import type { Steps } from '../slices.ts';
import type { Plan } from '../types/plan.ts';
import type { PackedPlan } from '../types/threads.ts';

/** Upstreams, policies or routes in one piece: a millisecond's reading, at some 3 µs for a plain route. */
const PIECE = 100;

/** One piece of a plan: what is in it is joined to what came before. */
type Piece = Partial<Plan>;

/**
 * Without the tests, which no traffic thread runs.
 * @throws {Error} where something in the plan cannot be serialised.
 */
export function packPlan(plan: Plan): PackedPlan {
  const { upstreams, policies, routes, ...rest } = plan;
  const pieces = [
    serialize({ ...rest, tests: [] } satisfies Piece),
    ...inPieces(upstreams, (some) => ({ upstreams: some })),
    ...inPieces(policies, (some) => ({ policies: some })),
    ...inPieces(routes, (some) => ({ routes: some })),
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

function inPieces<T>(items: readonly T[], piece: (some: readonly T[]) => Piece): Buffer[] {
  const pieces: Buffer[] = [];
  for (let i = 0; i < items.length; i += PIECE) pieces.push(serialize(piece(items.slice(i, i + PIECE))));
  return pieces;
}

/** The plan again, in a step for each piece. */
export function* unpackPlan({ bytes, ends }: PackedPlan): Steps<Plan> {
  const upstreams: Plan['upstreams'][number][] = [];
  const policies: Plan['policies'][number][] = [];
  const routes: Plan['routes'][number][] = [];
  let rest: Piece = {};
  let start = 0;
  for (const end of ends) {
    // A copy, since a buffer in the plan would be a view of these bytes, and they are shared.
    const piece = deserialize(bytes.slice(start, end)) as Piece;
    start = end;
    if (piece.upstreams) upstreams.push(...piece.upstreams);
    else if (piece.policies) policies.push(...piece.policies);
    else if (piece.routes) routes.push(...piece.routes);
    else rest = piece;
    yield;
  }
  return { ...(rest as Plan), upstreams, policies, routes };
}
