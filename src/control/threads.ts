/**
 * The traffic threads: started, swapped to a new plan in two phases, replaced when they die, drained at the end.
 * One thread is not a special case.
 */
import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { WeirError } from '../errors.ts';
import type { Sample } from '../metrics/series.ts';
import { packPlan } from '../plan/packed.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import type { Log } from '../types/policy.ts';
import type { CertificateData, GeoData, Lines, PackedPlan, Zones } from '../types/threads.ts';
import { bodiesMost, heapLimits, isLowOnMemory, mostMemory } from './memory.ts';
import { type PoolTiming, TIMING, withPorts } from './pool-start.ts';
import { sumSamples } from './samples.ts';
import { SeriesDirectory } from './series-directory.ts';
import { counter, gauge } from './state-samples.ts';
import { prepareAll } from './swap.ts';
import { type BoundAddress, DEATH_REASONS, type DeathReason, Thread } from './thread.ts';
import { Watchdog } from './watchdog.ts';

/** What threads start with; the pool keeps it current for replacements. */
export interface PoolStart {
  readonly plan: Plan;
  readonly zones: Zones;
  readonly geo: GeoData;
  /** By listener index; null where a listener has no TLS. */
  readonly certificates: readonly (CertificateData | null)[];
}

export interface PoolOptions {
  readonly config: WeirConfig;
  /** How many, at least 1. */
  readonly threads: number;
  /** Bytes that each may take, heap and buffers together. */
  readonly memory: number;
  readonly log: Log;
  /** Path of the Unix socket where threads get what they listen on; null where they bind addresses themselves. */
  readonly sockets?: () => string | null;
  /** Whole log lines of the threads. */
  readonly onLog: (lines: Lines, written?: () => void) => void;
  /** A thread is gone for good: what it held in shared memory can be given back, and its slot's sockets renewed. */
  readonly onDeath?: (thread: number, slot: number) => void;
  /** A thread that cannot be ended is about to take all memory there is. */
  readonly onHopeless?: () => void;
  /** The thread's program; the data plane's by default. */
  readonly script?: URL;
  readonly timing?: Partial<PoolTiming>;
}

/** With `ending` it is not about the plan: the threads are being drained. */
export type SwapResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly problem: string; readonly ending?: boolean };

/** How many threads there should be, how many take connections, how many of those do not respond, how many have died. */
export interface PoolStatus {
  readonly wanted: number;
  readonly listening: number;
  readonly unresponsive: number;
  readonly deaths: number;
}

interface Slot {
  readonly index: number;
  thread: Thread | null;
  wait: number;
  timer: NodeJS.Timeout | null;
}

export class ThreadPool {
  readonly #options: PoolOptions;
  readonly #timing: PoolTiming;
  readonly #script: URL;
  readonly #slots: Slot[];
  /** Random, so that no two processes share it and it does not reveal the host's name. */
  readonly #pseudonym = `weir-${randomBytes(6).toString('hex')}`;
  #config: WeirConfig;
  #start: (Omit<PoolStart, 'plan'> & { readonly plan: PackedPlan }) | null = null;
  #running = false;
  #stopping = false;
  /** The newest swap. Replacements wait while any is under way, so that the set of threads stands still. */
  #swap: Promise<unknown> = Promise.resolve();
  #swapping = 0;
  #sequence = 0;
  readonly #deaths = new Map<DeathReason, number>(DEATH_REASONS.map((reason) => [reason, 0]));
  readonly #watchdog: Watchdog;
  readonly #series: SeriesDirectory;
  #sweeps: NodeJS.Timeout | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#timing = { ...TIMING, ...options.timing };
    this.#series = new SeriesDirectory({
      keep: this.#timing.keep,
      now: Date.now,
      forget: (number, series) =>
        this.#threads()
          .find((thread) => thread.number === number)
          ?.post({ type: 'forget', series }),
    });
    this.#script = options.script ?? new URL(`../traffic/thread/worker${extname(import.meta.url)}`, import.meta.url);
    this.#slots = Array.from({ length: options.threads }, (_, index) => ({
      index,
      thread: null,
      wait: this.#timing.restartMin,
      timer: null,
    }));
    this.#watchdog = new Watchdog({
      times: options.config.watchdog,
      most: mostMemory(options.memory),
      isLow: isLowOnMemory,
      onHopeless: options.onHopeless,
      threads: () => this.#threads().filter(({ state }) => state === 'listening' || state === 'draining'),
      log: options.log,
      monotonic: () => performance.now(),
    });
  }

  /** Has all threads read their program, which takes them longer than anything else. `start` does the rest. */
  load(): void {
    for (const slot of this.#slots) this.#spawn(slot);
  }

  /**
   * Starts all threads and resolves with the bound addresses, by listener.
   * @throws {WeirError} where a thread cannot listen; none is left running.
   */
  async start(start: PoolStart): Promise<readonly BoundAddress[]> {
    this.#start = { ...start, plan: packPlan(start.plan) };
    this.#series.follow(start.plan);
    const addresses = this.#socketPath() === null ? await this.#startBinding() : await this.#startTogether();
    this.#running = true;
    this.#watchdog.start();
    this.#sweeps = setInterval(() => this.#series.sweep(), this.#timing.sweep).unref();
    return addresses;
  }

  async #startTogether(): Promise<readonly BoundAddress[]> {
    const [addresses] = await Promise.all(this.#slots.map((slot) => this.#startSlot(slot)));
    return addresses!;
  }

  /** Threads that bind by themselves: the first goes ahead, since where a port is 0 the others need the one it got. */
  async #startBinding(): Promise<readonly BoundAddress[]> {
    const [first, ...others] = this.#slots;
    const addresses = await this.#startSlot(first!);
    this.#config = withPorts(this.#config, addresses);
    await Promise.all(others.map((slot) => this.#startSlot(slot)));
    return addresses;
  }

  /**
   * Moves every thread to `plan`: all prepare, then all commit. One refusal, death or time-out while they prepare and
   * nothing changes. Once the first has committed there is no way back: a thread that fails then comes back with `plan`.
   */
  swap(plan: Plan, zones: Zones): Promise<SwapResult> {
    this.#swapping++;
    const swap = this.#swap
      .then(() => this.#swapNow(plan, zones))
      .finally(() => {
        this.#swapping--;
      });
    this.#swap = swap.catch(() => {});
    return swap;
  }

  setGeo(geo: GeoData): void {
    if (this.#start) this.#start = { ...this.#start, geo };
    this.#post({ type: 'geo', geo });
  }

  setCertificates(listener: number, certificates: CertificateData): void {
    if (this.#start)
      this.#start = { ...this.#start, certificates: this.#start.certificates.with(listener, certificates) };
    this.#post({ type: 'certificates', listener, certificates });
  }

  /**
   * What all threads have counted, those that ended included, and their gauges, summed. Counters are read without asking;
   * the gauges of a thread that does not answer are what it last said.
   */
  async collect(): Promise<Sample[]> {
    const id = ++this.#sequence;
    const live = this.#threads().filter((thread) => thread.state !== 'starting');
    await Promise.all(live.map((thread) => thread.readGauges(id, this.#timing.collect)));
    return [...this.#series.samples(), ...sumSamples(this.#threads().map((thread) => thread.gauges))];
  }

  status(): PoolStatus {
    const listening = this.#listening();
    return {
      wanted: this.#slots.length,
      listening: listening.length,
      unresponsive: listening.filter((thread) => this.#watchdog.unresponsive(thread)).length,
      deaths: [...this.#deaths.values()].reduce((sum, count) => sum + count, 0),
    };
  }

  /** What the metrics say of threads. */
  samples(): Sample[] {
    const { listening, unresponsive } = this.status();
    const { heap, buffers } = this.#watchdog.memory;
    return [
      gauge('weir_threads', listening),
      gauge('weir_threads_unresponsive', unresponsive),
      counter('weir_thread_stalls_total', this.#watchdog.stalls),
      gauge('weir_thread_memory_bytes', heap, { area: 'heap' }),
      gauge('weir_thread_memory_bytes', buffers, { area: 'buffers' }),
      gauge('weir_thread_memory_limit_bytes', this.#options.memory),
      ...Array.from(this.#deaths, ([reason, count]) => counter('weir_worker_deaths_total', count, { reason })),
    ];
  }

  /** Stops accepting, gives open requests `timeout` milliseconds, and ends all threads. */
  async drain(timeout: number): Promise<void> {
    this.#stopping = true;
    if (this.#sweeps) clearInterval(this.#sweeps);
    for (const slot of this.#slots) if (slot.timer) clearTimeout(slot.timer);
    await Promise.all(
      this.#threads().map((thread) => (thread.state === 'starting' ? thread.terminate() : thread.drain(timeout))),
    );
    this.#watchdog.stop();
  }

  /** Where the process ends without {@link drain}: lines of the access log that threads have gathered are written. */
  takeLastLines(): void {
    for (const thread of this.#threads()) thread.takeLastLines();
  }

  async #startSlot(slot: Slot): Promise<readonly BoundAddress[]> {
    const thread = slot.thread ?? this.#spawn(slot);
    const problem = await this.#begin(slot, thread);
    if (problem === null) return thread.addresses;
    this.#stopping = true;
    await Promise.all(this.#threads().map((other) => other.terminate()));
    throw new WeirError(problem);
  }

  async #swapNow(plan: Plan, zones: Zones): Promise<SwapResult> {
    if (this.#stopping || !this.#start) return this.#refusal('the server is shutting down');
    await this.#settle();
    if (this.#stopping || !this.#start) return this.#refusal('the server is shutting down');
    const id = ++this.#sequence;
    const threads = this.#listening().filter(({ lost }) => !lost);
    const prepared = await prepareAll(threads, { id, plan, zones, timeout: this.#timing.swap });
    if ('problem' in prepared) return this.#refusal(prepared.problem);
    // Threads that drain have given up what they prepared, and would not answer.
    if (this.#stopping) return this.#refusal('the server is shutting down');
    this.#start = { ...this.#start, plan: prepared.packed, zones };
    await Promise.all(threads.map((thread) => this.#commit(thread, id)));
    this.#series.follow(plan);
    return { ok: true };
  }

  #refusal(problem: string): SwapResult {
    return this.#stopping ? { ok: false, problem, ending: true } : { ok: false, problem };
  }

  async #commit(thread: Thread, id: number): Promise<void> {
    if (await thread.commit(id, this.#timing.swap)) return;
    // It serves neither rule set reliably any more; its replacement starts with the new one.
    await thread.terminate('did not commit a rule set that it had prepared', 'unresponsive');
  }

  /** Waits until no replacement is half started, so that none can miss the new plan. */
  async #settle(): Promise<void> {
    const starting = this.#threads().filter((thread) => thread.state === 'starting');
    await Promise.all(starting.map((thread) => this.#settled(thread)));
  }

  async #settled(thread: Thread): Promise<void> {
    const timer = setTimeout(
      () => void thread.terminate('was still starting when the rules changed', 'start'),
      this.#timing.swap,
    );
    await thread.ready;
    clearTimeout(timer);
  }

  #spawn(slot: Slot): Thread {
    // The number of the thread before it, which has given back what it held in shared memory: numbers stay few.
    const thread = new Thread(this.#script, slot.index + 1, heapLimits(this.#options.memory), {
      log: this.#options.onLog,
      series: ({ number }, series) => this.#series.add(number, series),
      ended: (ended, why) => this.#ended(slot, ended, why),
    });
    slot.thread = thread;
    return thread;
  }

  #begin(slot: Slot, thread: Thread): Promise<string | null> {
    const path = this.#socketPath();
    const sockets = path === null ? null : { path, slot: slot.index };
    const start = {
      ...this.#start!,
      config: this.#config,
      thread: thread.number,
      threads: this.#slots.length,
      pseudonym: this.#pseudonym,
      bodies: bodiesMost(this.#options.memory),
      sockets,
    };
    return thread.begin(start, this.#timing.start);
  }

  #socketPath(): string | null {
    return this.#options.sockets?.() ?? null;
  }

  #ended(slot: Slot, thread: Thread, why: string): void {
    slot.thread = null;
    this.#series.retire(thread.number);
    // What cannot even start the first time is the caller's to tell.
    if (!this.#running && thread.listeningSince === 0) return;
    // One that drains and crashes takes its open requests along, and leaves locks that other threads wait for.
    if (this.#stopping && !thread.crashed && !thread.killed) return;
    const { reason } = thread;
    this.#deaths.set(reason, this.#deaths.get(reason)! + 1);
    const restartIn = this.#stopping ? null : this.#nextWait(slot, thread);
    this.#options.log.error({ thread: thread.number, reason, why, restartIn }, 'a traffic thread died');
    this.#options.onDeath?.(thread.number, slot.index);
    if (restartIn === null) return;
    slot.timer = setTimeout(() => void this.#replace(slot), restartIn);
  }

  /** Milliseconds until the slot gets another thread: ever more while its threads keep dying young. */
  #nextWait(slot: Slot, dead: Thread): number {
    const lived = dead.listeningSince === 0 ? 0 : Date.now() - dead.listeningSince;
    if (lived >= this.#timing.stable) slot.wait = this.#timing.restartMin;
    const wait = slot.wait;
    slot.wait = Math.min(wait * 2, this.#timing.restartMax);
    return wait;
  }

  async #replace(slot: Slot): Promise<void> {
    slot.timer = null;
    while (this.#swapping > 0) await this.#swap;
    if (this.#stopping) return;
    let thread: Thread;
    try {
      thread = this.#spawn(slot);
    } catch (error) {
      // The system gives no thread, or no descriptors for one, now.
      slot.timer = setTimeout(() => void this.#replace(slot), this.#timing.restartMax);
      this.#options.log.error({ err: error, restartIn: this.#timing.restartMax }, 'no traffic thread can be started');
      return;
    }
    if ((await this.#begin(slot, thread)) === null)
      this.#options.log.info({ thread: thread.number }, 'a traffic thread was replaced');
  }

  #post(message: Parameters<Thread['post']>[0]): void {
    for (const thread of this.#threads()) thread.post(message);
  }

  #threads(): Thread[] {
    return this.#slots.flatMap((slot) => slot.thread ?? []);
  }

  #listening(): Thread[] {
    return this.#threads().filter((thread) => thread.state === 'listening');
  }
}
