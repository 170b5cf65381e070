/** What reloads of many routes do to the requests that are answered meanwhile. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeClients } from '../clients.ts';
import { Loader } from '../loader.ts';
import { type Client, pathsBatch } from '../requests.ts';
import { Session } from '../session.ts';
import { quantile } from '../stats.ts';
import { weirWith } from '../subjects/node.ts';
import type { Running, Setting, Subject } from '../subjects/types.ts';
import { pathOf, routesYaml } from './scale.ts';
import { atMost, type Section } from './types.ts';

const ROUTES = 10_000;
const RELOADS = 5;
/** Requests at a time, and milliseconds from one group to the next: a steady load, not as much as possible. */
const [GROUP, PACE_MS] = [16, 16];
const STEADY_MS = 8_000;
/** Milliseconds that one reload may take. */
const PATIENCE = 30_000;

const paths = Array.from({ length: ROUTES }, (_, i) => pathOf(i));

/** Latencies and failures of a steady load. */
class SteadyLoad {
  readonly #loader: Loader;
  readonly #clients: readonly Client[];
  #latencies: number[] = [];
  #failed = 0;
  #going = true;
  #next = 0;

  constructor(loader: Loader, clients: readonly Client[]) {
    this.#loader = loader;
    this.#clients = clients;
  }

  async run(): Promise<void> {
    while (this.#going) {
      const began = performance.now();
      const batch = pathsBatch(GROUP, this.#clients, paths.slice(this.#next, this.#next + GROUP));
      this.#next = (this.#next + GROUP) % ROUTES;
      const { right, latencies } = await this.#loader.run(batch);
      this.#failed += GROUP - right;
      this.#latencies.push(...latencies);
      await sleep(Math.max(0, PACE_MS - (performance.now() - began)));
    }
  }

  stop(): void {
    this.#going = false;
  }

  /** What came since the last time. */
  take(): { latencies: Float64Array; failed: number } {
    const taken = { latencies: Float64Array.from(this.#latencies).sort(), failed: this.#failed };
    this.#latencies = [];
    this.#failed = 0;
    return taken;
  }
}

/** Puts rules with another stamp in place, and waits until the upstream's echo shows it. */
async function reload(folder: string, upstream: number, pid: number, stamp: string, port: number): Promise<number> {
  const began = performance.now();
  const file = join(folder, 'rules', 'rules.yaml');
  writeFileSync(join(folder, 'next.yaml'), routesYaml(ROUTES, upstream, stamp));
  renameSync(join(folder, 'next.yaml'), file);
  process.kill(pid, 'SIGHUP');
  while ((await stampOf(port)) !== stamp) {
    if (performance.now() - began > PATIENCE) throw new Error('the rules were not taken');
    await sleep(50);
  }
  return performance.now() - began;
}

async function stampOf(port: number): Promise<string> {
  const reply = await fetch(`http://127.0.0.1:${port}${pathOf(1)}`, { headers: { 'x-bench-echo': '1' } });
  const { headers } = (await reply.json()) as { headers: Record<string, string> };
  return headers['x-stamp']?.split('-')[0] ?? '';
}

async function measure(running: Running, setting: Setting, clients: readonly Client[]) {
  const loader = await Loader.open(running.port, GROUP);
  const load = new SteadyLoad(loader, clients);
  const done = load.run();
  await sleep(2_000); // warm-up
  load.take();
  await sleep(STEADY_MS);
  const steady = load.take();
  const seconds: number[] = [];
  for (let i = 1; i <= RELOADS; i++) {
    const { us } = setting.upstreams;
    seconds.push((await reload(setting.folder, us, running.pid, `n${i}`, running.port)) / 1000);
  }
  const during = load.take();
  load.stop();
  await done;
  loader.close();
  return { steady, during, seconds };
}

export const reloads: Section = {
  name: 'reload',
  title: 'Reloads of 10,000 routes',
  quick: false,
  method: () =>
    `${GROUP} requests every ${PACE_MS} ms over kept connections, all ${ROUTES} routes in turn: first for ${STEADY_MS / 1000} s, ` +
    `then while the rules are replaced ${RELOADS} times, one after the other, each awaited until a request shows the new ` +
    'ones. Latencies in milliseconds. `node test/bench/reload.ts` has the parts of a reload.',
  measure: async (options, say) => {
    const session = await Session.open(options, say);
    let setting: Setting | null = null;
    const plain = weirWith({ name: 'weir-reload', title: '', loads: ['paths'], paths }, (port) =>
      routesYaml(ROUTES, port),
    );
    const subject: Subject = {
      ...plain,
      start: (given) => {
        setting = given;
        return plain.start(given);
      },
    };
    try {
      await session.prepare([subject]);
      const running = session.running(subject.name);
      if (running === null || setting === null) return { goals: [], cells: [], problems: session.problems };
      const clients = makeClients(64).map((client): Client => ({ ...client, region: 'us' }));
      const { steady, during, seconds } = await measure(running, setting, clients);
      const row = (name: string, { latencies, failed }: typeof steady): string[] => [
        name,
        String(latencies.length),
        ...[0.5, 0.99, 1].map((q) => quantile(latencies, q).toFixed(2)),
        String(failed),
      ];
      const cells = [
        ['', 'requests', 'p50', 'p99', 'max', 'failed'],
        row('steady', steady),
        row(`during ${RELOADS} reloads (${seconds.map((s) => `${s.toFixed(1)} s`).join(', ')})`, during),
      ];
      const ratio = quantile(during.latencies, 0.99) / quantile(steady.latencies, 0.99);
      const goals = [
        atMost('p99 during reloads of 10,000 routes / steady', 1.3, '', ratio),
        atMost('failed requests during them', 0, '', during.failed),
      ];
      return { goals, cells, problems: {} };
    } finally {
      await session.close();
    }
  },
};
