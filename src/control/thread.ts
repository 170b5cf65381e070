/** One traffic thread as the main thread sees it: its life, and questions to it that always get an answer in time. */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { GatheredLines } from '../log/line-batch.ts';
import type { Sample, SharedSeries } from '../metrics/series.ts';
import type { FromWorker, Lines, PackedPlan, ToWorker, WorkerStart, Zones } from '../types/threads.ts';
import type { ThreadMemory } from './memory.ts';

export interface BoundAddress {
  readonly address: string;
  readonly port: number;
}

export interface ThreadEvents {
  /** Whole log lines. `written` is called when they are needed no more. */
  log(lines: Lines, written?: () => void): void;
  /** The thread counts these from now on. */
  series(thread: Thread, series: readonly SharedSeries[]): void;
  /** The thread has ended, asked to or not. `why` is for the log. Called once, last. */
  ended(thread: Thread, why: string): void;
}

/** What a question came to: an answer, or why there is none. */
type Outcome = { readonly kind: 'answer'; readonly message: FromWorker } | { readonly kind: 'late' | 'ended' };

/** Why a thread ended, as the metric has it. */
export type DeathReason = (typeof DEATH_REASONS)[number];

/**
 * `error`: by one of its own. `memory`: it took more than it may. `unresponsive`: its event loop did not turn, or it did not
 * commit. `start`: it never listened.
 */
export const DEATH_REASONS = Object.freeze(['error', 'memory', 'unresponsive', 'start'] as const);

/** Milliseconds beyond the time to drain in which a thread writes its last answers and closes. */
const FLUSH_GRACE = 3000;

/** Milliseconds a thread that says it has drained gets to end by itself. */
const EXIT_GRACE = 1000;

/** Milliseconds that V8 gets to end a thread. */
const END_GRACE = 3000;

export class Thread {
  /** As the thread's own log lines and metrics call it. */
  readonly number: number;
  state: 'starting' | 'listening' | 'draining' | 'ended' = 'starting';
  addresses: readonly BoundAddress[] = [];
  /** Milliseconds since the epoch; 0 until it listens. */
  listeningSince = 0;
  /** It ended by an error of its own, whatever it was asked to do. */
  crashed = false;
  /** The watchdog has ended it. */
  killed = false;
  reason: DeathReason = 'error';
  /** It was to end and has not. */
  lost = false;
  /** Its gauges, as it last said. */
  gauges: readonly Sample[] = [];
  readonly #worker: Worker;
  readonly #events: ThreadEvents;
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  /** Null once it listens; else what kept it from listening, and then it has ended. Settles only after `begin`. */
  readonly ready: Promise<string | null>;
  readonly #settleReady: (outcome: Promise<string | null>) => void;
  readonly #exited: Promise<void>;
  readonly #beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #lines: GatheredLines;
  #why = '';
  #failure = '';
  #begun = false;

  /** Starts reading the program; `begin` says what to do with it. @throws {Error} where the system gives no thread. */
  constructor(script: URL, number: number, limits: ResourceLimits, events: ThreadEvents) {
    this.number = number;
    this.#events = events;
    this.#lines = new GatheredLines((lines, written) => events.log(lines, written));
    ({ promise: this.ready, resolve: this.#settleReady } = Promise.withResolvers<string | null>());
    this.#worker = new Worker(script, {
      workerData: { thread: number },
      env: environment(),
      name: `weir-traffic-${number}`,
      resourceLimits: limits,
    });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.crashed = true;
      const { code, stack, message } = error as NodeJS.ErrnoException;
      if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
        this.reason = 'memory';
        this.#why ||= `took more heap than ${limits.maxOldGenerationSizeMb} MiB`;
      } else this.#why ||= stack ?? message ?? String(error);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#end(code);
        resolve();
      });
    });
  }

  /** Goes up with every beat. */
  get beats(): number {
    return Atomics.load(this.#beats, 0);
  }

  /** Bytes it takes, even while it spins; null where it has ended. */
  async memory(): Promise<ThreadMemory | null> {
    try {
      const { used_heap_size: heap, external_memory: buffers } = await this.#worker.getHeapStatistics();
      return { heap, buffers };
    } catch {
      return null;
    }
  }

  /** `timeout`: milliseconds it may take to listen. Resolves as `ready`. */
  begin(start: Omit<WorkerStart, 'beats' | 'lines'>, timeout: number): Promise<string | null> {
    this.#begun = true;
    this.#settleReady(this.#becomeReady(timeout));
    try {
      this.post({ type: 'start', start: { ...start, beats: this.#beats, lines: this.#lines.memory } });
    } catch (error) {
      void this.terminate(`what it starts with cannot be sent to it: ${(error as Error).message}`, 'start');
    }
    return this.ready;
  }

  async #becomeReady(timeout: number): Promise<string | null> {
    const outcome = await this.#wait('listening', timeout);
    if (outcome.kind === 'answer' && outcome.message.type === 'listening') return null;
    if (outcome.kind === 'late') this.#why ||= `did not listen within ${timeout} ms`;
    if (!this.crashed) this.reason = 'start';
    await this.terminate();
    return this.#failure || this.#why;
  }

  /** Null where the thread can use the plan; else why not. */
  async prepare(id: number, plan: PackedPlan, zones: Zones, timeout: number): Promise<string | null> {
    const answer = this.#wait(`prepared:${id}`, timeout);
    this.post({ type: 'prepare', id, plan, zones });
    const outcome = await answer;
    if (outcome.kind === 'answer') return outcome.message.type === 'prepared' ? outcome.message.problem : null;
    if (outcome.kind === 'late') return `thread ${this.number} did not prepare the rules within ${timeout} ms`;
    return `thread ${this.number} died while it prepared the rules`;
  }

  /** False where the thread did not say that it committed. */
  async commit(id: number, timeout: number): Promise<boolean> {
    const answer = this.#wait(`committed:${id}`, timeout);
    this.post({ type: 'commit', id });
    return (await answer).kind === 'answer';
  }

  /** Refreshes `gauges`; false where the thread did not answer in time. */
  async readGauges(id: number, timeout: number): Promise<boolean> {
    const answer = this.#wait(`metrics:${id}`, timeout);
    this.post({ type: 'metrics', id });
    return (await answer).kind === 'answer';
  }

  /** Lets the thread finish its requests, for `timeout` milliseconds; ends it in any case. */
  async drain(timeout: number): Promise<void> {
    if (this.state === 'ended') return;
    this.state = 'draining';
    const drained = this.#wait('drained', timeout + FLUSH_GRACE);
    this.post({ type: 'drain', timeout });
    if ((await drained).kind === 'answer') await Promise.race([this.#exited, delay(EXIT_GRACE)]);
    await this.terminate();
  }

  /** Nothing where it has not begun, since it begins with what is current then; nor where it has ended. */
  post(message: ToWorker): void {
    if (this.#begun && this.state !== 'ended') this.#worker.postMessage(message);
  }

  /**
   * Resolves when it has exited, or after some seconds: a thread that hangs outside JavaScript cannot be terminated. Then
   * it counts as lost: it answers nothing, and nothing waits for it any more.
   */
  async terminate(why = '', reason: DeathReason = this.reason): Promise<void> {
    if (this.#why === '') {
      this.#why = why;
      this.reason = reason;
    }
    const ended = this.#worker.terminate().then(() => this.#exited);
    await Promise.race([ended, delay(END_GRACE)]);
    if (this.state === 'ended') return;
    this.lost = true;
    this.#settleAll();
    // It may hang for as long as this process lives, but will never write another line: it was told to end.
    this.#lines.drain();
  }

  /** Writes what it has gathered so far of the access log: the process ends now, and nobody takes what follows. */
  takeLastLines(): void {
    this.#lines.drain();
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'log':
        this.#events.log(message.lines);
        break;
      case 'gathered':
        this.#lines.receive();
        break;
      case 'listening':
        this.state = 'listening';
        this.listeningSince = Date.now();
        this.addresses = message.addresses;
        this.#answer('listening', message);
        break;
      case 'failed':
        this.#failure = message.problem;
        this.#answer('listening', message);
        break;
      case 'metrics':
        // A late answer is still the newest there is.
        this.gauges = message.samples;
        this.#answer(`metrics:${message.id}`, message);
        break;
      case 'series':
        this.#events.series(this, message.series);
        break;
      case 'drained':
        this.#answer('drained', message);
        break;
      default:
        this.#answer(`${message.type}:${message.id}`, message);
    }
  }

  #answer(key: string, message: FromWorker): void {
    this.#waiting.get(key)?.({ kind: 'answer', message });
  }

  #wait(key: string, timeout: number): Promise<Outcome> {
    if (this.state === 'ended' || this.lost) return Promise.resolve({ kind: 'ended' });
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle({ kind: 'late' }), timeout);
      const settle = (outcome: Outcome): void => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        resolve(outcome);
      };
      this.#waiting.set(key, settle);
    });
  }

  #settleAll(): void {
    for (const settle of [...this.#waiting.values()]) settle({ kind: 'ended' });
  }

  #end(code: number): void {
    this.state = 'ended';
    this.#settleAll();
    this.#lines.drain();
    this.#events.ended(this, this.#failure || this.#why || `exit code ${code}`);
  }
}

/** A thread has a cache of compiled code only where its environment names one: then it reads its program in half the time. */
function environment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  // What Node says is the folder of this version below the one it was given.
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
