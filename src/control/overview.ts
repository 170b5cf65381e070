/** What the admin listener shows, gathered from all parts of the control plane. */
import type { GeoStatus } from '../geo/source.ts';
import type { Registry } from '../metrics/registry.ts';
import { version } from '../version.ts';
import type { AdminSource } from './admin.ts';
import type { Compiled } from './dry-run.ts';
import { exposition } from './exposition.ts';
import { processSamples } from './process.ts';
import type { Reloader } from './reload.ts';
import { joinSamples } from './samples.ts';
import type { Shown } from './shown.ts';
import { counter, endpointSamples, endpointStatus, gauge, geoSamples, storeSamples } from './state-samples.ts';
import type { ThreadPool } from './threads.ts';

export type ProcessPhase = 'starting' | 'serving' | 'draining';

/** Where to look. */
export interface Overview {
  readonly shown: Shown;
  readonly registry: Registry;
  readonly reloader: Reloader<Compiled>;
  readonly pool: Pick<ThreadPool, 'status' | 'collect' | 'samples'>;
  readonly geo: { status(): GeoStatus };
  readonly health: { unhealthy(): string[] };
  readonly sink: { readonly dropped: number };
  phase(): ProcessPhase;
  /** Does another process serve on the same addresses by now? */
  replaced(): boolean;
  /** What is in use; null before there is anything. */
  compiled(): Compiled | null;
  /** `http://host:port` of the listeners that are bound. */
  urls(): { readonly listeners: readonly string[]; readonly admin: string | null };
}

export function adminSource(from: Overview): AdminSource {
  let gathering: Promise<string> | null = null;
  const gather = (): Promise<string> =>
    metrics(from).finally(() => {
      gathering = null;
    });
  return {
    unready: () => unready(from),
    // Whoever asks while they are gathered gets the same: the main thread's time is not for the many.
    metrics: () => {
      gathering ??= gather();
      return gathering;
    },
    status: () => status(from),
    config: () => ({ config: from.shown.config, plan: from.shown.plan(from.reloader.plan) }),
    reload: () => from.reloader.reload('api'),
    // Pages are JSON, and texts in metrics are quoted likewise.
    redact: (page) => from.shown.redactor.json(page),
  };
}

function unready({ phase, replaced, pool }: Overview): string {
  // Asked on a connection that came before another process took over: on this address traffic can come.
  if (replaced()) return '';
  const now = phase();
  if (now !== 'serving') return now;
  const { listening, unresponsive } = pool.status();
  if (listening === 0) return 'no traffic thread is listening';
  // As many connections come to a thread that does not respond as to any other. Where that is the smaller part, the rest is
  // better than an address that no thread serves, until the thread is replaced.
  return unresponsive * 2 < listening ? '' : `${unresponsive} of ${listening} traffic threads do not respond`;
}

async function metrics(from: Overview): Promise<string> {
  const now = Date.now();
  const compiled = from.compiled();
  const own = [
    ...from.registry.snapshot(),
    ...processSamples(now),
    ...geoSamples(from.geo.status()),
    ...(compiled ? [...endpointSamples(compiled.rules, now), ...storeSamples(compiled.store.stats())] : []),
    gauge('weir_build_info', 1, { version: version(), node: process.version }),
    ...from.pool.samples(),
    counter('weir_access_log_dropped_total', from.sink.dropped),
  ];
  return exposition(joinSamples(await from.pool.collect(), own));
}

function status(from: Overview): object {
  const uptime = process.uptime();
  const compiled = from.compiled();
  return {
    ...from.reloader.status(),
    threads: from.pool.status(),
    uptime: Math.round(uptime * 1000) / 1000,
    startedAt: new Date(Date.now() - uptime * 1000).toISOString(),
    phase: from.phase(),
    version: version(),
    node: process.version,
    ...from.urls(),
    geoip: from.geo.status(),
    unhealthy: from.health.unhealthy(),
    endpoints: compiled === null ? {} : endpointStatus(compiled.rules, Date.now()),
  };
}
