/**
 * What a rule set of many routes costs, by the parts of a reload: `node test/bench/reload.ts [--routes N] [--rounds N]`.
 * Times are CPU time of the thread that does the work, so that what else the machine does counts little.
 */
import { parseArgs } from 'node:util';
import { exposition } from '../../src/control/exposition.ts';
import { SeriesDirectory } from '../../src/control/series-directory.ts';
import { Registry } from '../../src/metrics/registry.ts';
import { createLoader } from '../../src/plan/load.ts';
import { packPlan, unpackPlan } from '../../src/plan/packed.ts';
import { KINDS } from '../../src/policies/index.ts';
import { SlicedRun, type Steps } from '../../src/slices.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { FakeForwarder } from '../../src/testing/fakes.ts';
import { compileSteps, type RuleSet } from '../../src/traffic/rules/rules.ts';
import type { Plan } from '../../src/types/plan.ts';
import type { PackedPlan } from '../../src/types/threads.ts';

const THREADS = 4;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

const { values } = parseArgs({
  options: { routes: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '5' } },
});
const ROUTES = Number(values.routes);
const ROUNDS = Number(values.rounds);

function yaml(): string {
  const routes = Array.from(
    { length: ROUTES },
    (_, i) => `  r${i}: { match: { path: /svc${i % 100}/v${i}/items/:id }, use: [h], to: u }`,
  );
  return `upstreams: { u: { endpoints: { e: { url: 'http://127.0.0.1:1' } } } }
policies: { h: { headers: { request: { set: { x-region: '\${client.region}' } } } } }
routes:\n${routes.join('\n')}\n`;
}

/** Milliseconds of CPU that this thread has used. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function show(name: string, ms: readonly number[], more = ''): void {
  const sorted = ms.toSorted((a, b) => a - b);
  const [median, worst] = [sorted[sorted.length >> 1], sorted[sorted.length - 1]];
  process.stdout.write(`${name.padEnd(52)} ${median!.toFixed(1).padStart(8)} ms (worst ${worst!.toFixed(1)})${more}\n`);
}

function timed<T>(into: number[], work: () => T): T {
  const began = cpu();
  const result = work();
  into.push(cpu() - began);
  return result;
}

/** What a traffic thread does with a plan; gives the milliseconds of each slice. */
function prepare(packed: PackedPlan, registry: Registry, slices: number[]): Promise<RuleSet> {
  return new Promise((done, failed) => {
    const later = (next: () => void): void => void setImmediate(() => timed(slices, () => registry.together(next)));
    new SlicedRun(ruleSet(packed, registry), { now: () => performance.now(), later, done, failed });
  });
}

function* ruleSet(packed: PackedPlan, registry: Registry): Steps<RuleSet> {
  const zones = new Map<string, SharedArrayBuffer>();
  const zone = (identity: string, bytes: number): SharedArrayBuffer => {
    const known = zones.get(identity) ?? new SharedArrayBuffer(bytes);
    zones.set(identity, known);
    return known;
  };
  const forwarder = new FakeForwarder();
  return yield* compileSteps(yield* unpackPlan(packed), {
    thread: 1,
    threads: 1,
    meters: registry.hold(),
    kinds: KINDS,
    store: createMemoryStore({ zone, now: Date.now, thread: 1, nonces: 1024, limits: 1024 }),
    log: SILENT,
    now: Date.now,
    random: Math.random,
    zone,
    state: (_identity, create) => create(),
    forwarder: () => forwarder,
  });
}

function loadPlan(): Plan {
  const load = createLoader(KINDS);
  const text = yaml();
  const times: number[] = [];
  const { plan, problems } = timed(times, () => load([{ file: '/rules/a.yaml', text }], { env: {}, root: '/rules' }));
  if (plan === null) throw new Error(JSON.stringify(problems.slice(0, 3)));
  show(`main: load ${(text.length / 1e6).toFixed(2)} MB of YAML`, times);
  return plan;
}

async function reloads(plan: Plan, directory: SeriesDirectory): Promise<RuleSet[]> {
  const packs: number[] = [];
  const whole: number[] = [];
  const longest: number[] = [];
  const sets: RuleSet[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const packed = timed(packs, () => packPlan(plan));
    for (let thread = 1; thread <= THREADS; thread++) {
      const registry = new Registry((series) => directory.add(round * THREADS + thread, series));
      const slices: number[] = [];
      sets.push(await prepare(packed, registry, slices));
      whole.push(slices.reduce((sum, ms) => sum + ms, 0));
      longest.push(Math.max(...slices));
    }
  }
  show('main: pack the plan, once for all threads', packs, `, ${(packPlan(plan).bytes.length / 1e6).toFixed(1)} MB`);
  show('traffic thread: read and compile it', whole);
  show('traffic thread: longest of the slices', longest);
  return sets.slice(-THREADS);
}

function scrapes(name: string, directory: SeriesDirectory): void {
  const times: number[] = [];
  let text = '';
  for (let round = 0; round < ROUNDS; round++)
    timed(times, () => {
      text = exposition(directory.samples());
    });
  show(`main: /metrics, ${name}`, times, `, ${(text.length / 1e6).toFixed(3)} MB`);
}

const directory = new SeriesDirectory({ keep: 600_000, now: Date.now, forget() {} });
const sets = await reloads(loadPlan(), directory);
const counted = (share: number): void => {
  for (const { routes } of sets)
    for (const { metrics } of routes.slice(0, routes.length * share)) metrics.count(200, 0.1);
};
counted(0.01);
scrapes('one route of a hundred has traffic', directory);
counted(1);
scrapes('all routes have traffic', directory);
