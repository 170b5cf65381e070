/** The control plane, put together: everything in the main thread, and the traffic threads it commands. */
import { availableParallelism } from 'node:os';
import { createAccessWriter, createLog, type ProcessLog } from '../log/log.ts';
import { Redactor } from '../log/redact.ts';
import { Registry } from '../metrics/registry.ts';
import { formatAddress } from '../net/address.ts';
import { createLoader, type RuleFile, settingsForRules } from '../plan/load.ts';
import { KINDS } from '../policies/index.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import type { Lines, Zones } from '../types/threads.ts';
import { AdminServer, type AdminSource } from './admin.ts';
import { type ReadConfig, readConfig, StartProblems } from './config-file.ts';
import { DescriptorWatch, fitConnections } from './descriptors.ts';
import { type Compiled, dryRun } from './dry-run.ts';
import { HealthProber, type HealthTarget } from './health.ts';
import { type KeptRules, LastGood } from './last-good.ts';
import type { LineSink } from './line-sink.ts';
import { machineMemory, threadMemory } from './memory.ts';
import { adminSource, type ProcessPhase } from './overview.ts';
import { PanicWatch } from './panic.ts';
import { policyFileProblems } from './policy-files.ts';
import { canSharePorts } from './ports.ts';
import { hasErrors, logProblem, Reloader, type ReloadResult, type Trigger } from './reload.ts';
import { Resources } from './resources.ts';
import { RulesFolder } from './rules-folder.ts';
import { Shown } from './shown.ts';
import { createSink, redacting } from './sink.ts';
import { Sockets } from './sockets.ts';
import type { BoundAddress } from './thread.ts';
import { ThreadPool } from './threads.ts';
import { ZoneDirectory } from './zones.ts';

export interface ServerOptions {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard output by default. */
  readonly sink?: LineSink;
  /** Learns every secret that the environment puts into config and rules. */
  readonly redactor?: Redactor;
  /** Take over from the Weir that runs with this config, where there is one. */
  readonly takeover?: boolean;
  /** Start with the rules on disk or not at all. */
  readonly strict?: boolean;
  /** Has the process been told to end? Then it takes nothing over: the Weir before it goes on. */
  readonly ending?: () => boolean;
  /** Called once, when config and rules are read and nothing but the traffic threads is waited for. */
  readonly idle?: () => void;
}

export interface Server {
  readonly log: ProcessLog;
  /** Of the traffic listeners, in the order configured. */
  readonly addresses: readonly BoundAddress[];
  /** Of the admin listener; null where there is none. */
  readonly admin: BoundAddress | null;
  readonly revision: string;
  /** Resolves when another process has taken over and serves: time to close. */
  readonly takenOver: Promise<void>;
  reload(trigger: Trigger): Promise<ReloadResult>;
  /** Drains for up to `timeout` milliseconds (the configured time by default) and gives everything back. */
  close(timeout?: number): Promise<void>;
  /** For an end without {@link close}: hands what threads have gathered of the access log to the sink. Never throws. */
  takeLastLines(): void;
}

/** Milliseconds that the log, and the rules to be kept, get to be written at the end. */
const FLUSH_TIMEOUT = 1000;

/**
 * Starts Weir.
 * @throws {StartProblems} where config or rules are no good.
 * @throws {WeirError} where an address, a file or a thread is not available.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const redactor = options.redactor ?? new Redactor();
  const read = await readConfig(options.configFile, options.env, redactor);
  const plane = new ControlPlane(read, options, new Shown(read.shown, redactor));
  for (const warning of read.warnings) logProblem(plane.log, warning);
  try {
    await plane.start();
  } catch (error) {
    await plane.close(0);
    throw error;
  }
  return plane;
}

class ControlPlane implements Server {
  readonly log: ProcessLog;
  addresses: readonly BoundAddress[] = [];
  admin: BoundAddress | null = null;
  readonly #config: WeirConfig;
  readonly #sink: LineSink;
  readonly #shown: Shown;
  readonly #registry = new Registry();
  readonly #ending: () => boolean;
  readonly #idle: () => void;
  readonly #strict: boolean;
  readonly #lastGood: LastGood;
  readonly #zones: ZoneDirectory;
  readonly #configFile: RuleFile;
  readonly #resources: Resources;
  readonly #sockets: Sockets;
  readonly #pool: ThreadPool;
  readonly #health: HealthProber;
  readonly #panic: PanicWatch;
  readonly #descriptors: DescriptorWatch;
  readonly #reloader: Reloader<Compiled>;
  readonly #adminServer: AdminServer | null;
  readonly #rules: RulesFolder;
  #compiled: Compiled | null = null;
  #phase: ProcessPhase = 'starting';
  /** Another process serves on these addresses. */
  #replaced = false;
  #closing: Promise<void> | null = null;
  readonly takenOver: Promise<void>;

  constructor({ config, placeOf, source }: ReadConfig, options: ServerOptions, shown: Shown) {
    const { env, takeover = false, strict = false, ending = () => false, idle = () => {} } = options;
    const { redactor } = shown;
    const isJson = config.log.format !== 'pretty';
    const redact = (lines: Lines): Lines => {
      if (typeof lines !== 'string') return redactor.jsonBytes(lines);
      return isJson ? redactor.json(lines) : redactor.text(lines);
    };
    const sink = redacting(options.sink ?? createSink(), redact);
    this.#strict = strict;
    this.#config = config;
    this.#configFile = source;
    this.#ending = ending;
    this.#idle = idle;
    this.#sink = sink;
    this.#shown = shown;
    this.log = createLog(config.log, sink);
    sink.onRecovered = (lines) => this.log.warn({ lines }, 'log lines were lost: they could not be written');
    const { log } = this;
    this.#lastGood = new LastGood({ ...config, configFile: config.file, env, log, now: Date.now });
    this.#zones = new ZoneDirectory(log);
    this.#rules = new RulesFolder(config.rules, config.reload.settle, log);
    this.#resources = new Resources({
      config,
      placeOf,
      log,
      registry: this.#registry,
      onGeo: (data) => this.#pool.setGeo(data),
      onCertificates: (listener, data) => this.#pool.setCertificates(listener, data),
    });
    const threads = this.#threadCount();
    const fitted = fitConnections(config, threads, log);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.takenOver = promise;
    const onTakenOver = (): void => {
      this.#replaced = true;
      resolve();
    };
    const serving = (): boolean => this.#phase === 'serving';
    this.#sockets = new Sockets({ config, threads, env, takeover, log, serving, onTakenOver });
    this.#pool = new ThreadPool({
      config: fitted,
      threads,
      memory: threadMemory(config.watchdog.memory, threads, machineMemory()),
      sockets: () => this.#sockets.pathForThread(),
      log,
      onLog: createAccessWriter(config.log, sink),
      onHopeless: () => this.#giveUp(),
      onDeath: (thread, slot) => this.#releaseThread(thread, slot),
    });
    this.#panic = new PanicWatch(log);
    this.#descriptors = new DescriptorWatch(
      log,
      this.#registry.counter('weir_exhausted_total', { resource: 'descriptors' }),
    );
    // Traffic threads count these; from 0 on, because `rate` does not see a series appear.
    this.#registry.counter('weir_exhausted_total', { resource: 'ports' });
    this.#health = new HealthProber({ log, random: Math.random, onChange: () => this.#checkPanic() });
    this.#reloader = this.#createReloader(env, threads, takeover);
    this.#adminServer = config.admin && new AdminServer(config.admin, this.#adminSource(), log);
  }

  get revision(): string {
    return this.#reloader.status().revision;
  }

  async start(): Promise<void> {
    this.#pool.load();
    const sockets = this.#sockets.open();
    try {
      const [problems] = await Promise.all([this.#resources.start(), sockets]);
      if (hasErrors(problems)) throw new StartProblems(problems, [this.#configFile]);
      for (const problem of problems) logProblem(this.log, problem);
    } finally {
      // Where another fails `close` follows, and gives back only what is here by then.
      await Promise.allSettled([sockets]);
    }
    await this.#startWatching();
    const start = (plan: Plan, zones: Zones): Promise<void> => this.#startTraffic(plan, zones);
    const result = await this.#reloader.first(start, () => this.#keptRules());
    if (this.#reloader.plan === null) throw new StartProblems(result.problems, result.files);
    this.#phase = 'serving';
    // Only now: until here the admin listener of the process before has answered, and traffic was its own as well.
    if (this.#sockets.takesOver) await this.#listenForAdmin();
    if (this.#sockets.takesOver && this.#ending()) return;
    await this.#sockets.takeOver();
    const threads = this.#pool.status().wanted;
    this.log.info({ ...this.#urls(), revision: result.revision, threads }, 'weir is ready');
  }

  reload(trigger: Trigger): Promise<ReloadResult> {
    return this.#reloader.reload(trigger);
  }

  close(timeout: number = this.#config.limits.drainTimeout): Promise<void> {
    this.#closing ??= this.#closeNow(timeout);
    return this.#closing;
  }

  async #closeNow(timeout: number): Promise<void> {
    const served = this.#phase === 'serving';
    this.#phase = 'draining';
    if (served) this.log.info({ timeout }, 'weir is draining');
    this.#health.close();
    this.#descriptors.close();
    this.#sockets.close();
    if (this.#replaced) this.#adminServer?.leave();
    await this.#rules.close();
    await Promise.all([this.#lastGood.settled(FLUSH_TIMEOUT), this.#resources.close(), this.#pool.drain(timeout)]);
    // Last, so that probes can see the draining.
    await this.#adminServer?.close();
    if (served) this.log.info({}, 'weir has ended');
    await this.#sink.close(FLUSH_TIMEOUT);
  }

  /** Rules to start with where those on disk are refused. A Weir that this one is to replace has good ones in use. */
  async #keptRules(): Promise<KeptRules | null> {
    if (this.#strict || this.#sockets.takesOver) return null;
    try {
      return await this.#lastGood.read();
    } catch (error) {
      this.log.error({ problem: (error as Error).message }, 'the last good rules cannot be used');
      return null;
    }
  }

  /** Before the first read, so that no edit falls between the two. */
  async #startWatching(): Promise<void> {
    const watched = this.#rules.watch((files) => void this.#reloader.reload('watch', files));
    await Promise.all([watched, this.#resources.certificates.watch()]);
  }

  /** The admin listener goes first: while threads start, `/livez` answers and `/readyz` says why not yet. */
  async #startTraffic(plan: Plan, zones: Zones): Promise<void> {
    if (!this.#sockets.takesOver) await this.#listenForAdmin();
    const starting = this.#pool.start({
      plan,
      zones,
      geo: this.#resources.geoData,
      certificates: this.#resources.certificates.current(),
    });
    this.#idle();
    this.addresses = await starting;
  }

  async #listenForAdmin(): Promise<void> {
    this.admin = (await this.#adminServer?.listen(this.#sockets.admin)) ?? null;
  }

  #createReloader(env: ServerOptions['env'], threads: number, takeover: boolean): Reloader<Compiled> {
    const { log } = this;
    // Whoever served here before has ended by the time this process began, unless this one takes over from it.
    const madeAt = takeover ? undefined : performance.timeOrigin;
    const load = createLoader(KINDS);
    const root = this.#config.rules;
    return new Reloader<Compiled>({
      folder: root,
      read: () => this.#rules.read(),
      load: async (files, kept) => {
        const {
          plan,
          problems,
          files: named,
        } = this.#shown.note(load(files, { env, root, ...settingsForRules(this.#config) }));
        // A running process would have gone on without such a file, and so do the rules that it kept.
        const severity = this.#phase === 'starting' && !kept ? 'error' : 'warning';
        return { plan, problems: [...problems, ...(await policyFileProblems(named, severity))] };
      },
      compile: (plan, zone) => dryRun(plan, zone, { store: this.#config.store, threads, log, madeAt }),
      zones: this.#zones,
      swap: (plan, zones) => this.#pool.swap(plan, zones),
      onPlan: (_plan, compiled) => {
        this.#compiled = compiled;
        this.#health.follow(healthTargets(compiled));
        this.#checkPanic();
      },
      keep: (files, revision) => this.#lastGood.keep(files, revision),
      log,
      registry: this.#registry,
      now: Date.now,
    });
  }

  #adminSource(): AdminSource {
    return adminSource({
      shown: this.#shown,
      registry: this.#registry,
      reloader: this.#reloader,
      pool: this.#pool,
      geo: this.#resources.geo,
      health: this.#health,
      sink: this.#sink,
      phase: () => this.#phase,
      replaced: () => this.#replaced,
      compiled: () => this.#compiled,
      urls: () => this.#urls(),
    });
  }

  #urls(): { listeners: string[]; admin: string | null } {
    const { listeners, admin } = this.#config;
    return {
      listeners: this.addresses.map(({ port }, i) => url(listeners[i]!.host, port, listeners[i]!.tls !== null)),
      admin: admin && this.admin ? url(admin.host, this.admin.port, false) : null,
    };
  }

  #checkPanic(): void {
    if (this.#compiled) this.#panic.check(this.#compiled.rules);
  }

  takeLastLines(): void {
    this.#pool.takeLastLines();
  }

  /** By SIGKILL, since exit(3) would wait for the thread. Better this process now than any other when memory is gone. */
  #giveUp(): void {
    this.takeLastLines();
    this.log.fatal({}, 'out of memory, and the thread that uses it cannot be terminated: the process exits');
    void this.#sink.close(FLUSH_TIMEOUT).then(() => process.kill(process.pid, 'SIGKILL'));
  }

  /** Gives back what a dead thread held: its sockets, its locks, and what it had in flight. */
  #releaseThread(thread: number, slot: number): void {
    this.#sockets.renew(slot);
    this.#zones.release(thread);
  }

  #threadCount(): number {
    const wanted = this.#config.threads || availableParallelism();
    if (wanted === 1 || canSharePorts()) return wanted;
    this.log.warn({ wanted }, 'threads cannot share an address on this system: one thread handles all traffic');
    return 1;
  }
}

function healthTargets({ rules }: Compiled): HealthTarget[] {
  return [...rules.upstreams.values()].flatMap(({ plan, endpoints }) =>
    endpoints.map((endpoint) => ({
      endpoint: endpoint.plan,
      health: plan.health,
      setHealthy: (healthy: boolean) => endpoint.state.setHealthy(healthy),
    })),
  );
}

function url(host: string, port: number, secure: boolean): string {
  return `${secure ? 'https' : 'http'}://${formatAddress(host, port)}`;
}
