/**
 * Reloads: the rules folder is read whole, checked whole, compiled once here as a dry run, and only then taken to the
 * traffic threads. Whatever goes wrong on the way, nothing changes and the problems are kept for all to see.
 */
import type { Counter, Histogram } from '../metrics/counters.ts';
import type { Registry } from '../metrics/registry.ts';
import type { RuleFile } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
import { unreadableFolder } from '../plan/read.ts';
import type { Plan } from '../types/plan.ts';
import type { Log } from '../types/policy.ts';
import type { Zones } from '../types/threads.ts';
import type { KeptRules } from './last-good.ts';
import { digestOf } from './rules-folder.ts';
import type { SwapResult } from './threads.ts';
import type { ZoneCollector, ZoneDirectory } from './zones.ts';

/** Brings the threads up with the first plan. */
export type FirstStart = (plan: Plan, zones: Zones) => Promise<void>;

export type Trigger = 'start' | 'watch' | 'signal' | 'api';

/** What became of the files' texts. */
export interface Loaded {
  readonly plan: Plan | null;
  readonly problems: readonly Problem[];
}

/** `R` is what a plan compiles to; the reloader only hands it on. */
export interface ReloaderOptions<R> {
  readonly folder: string;
  readonly read: (folder: string) => Promise<readonly RuleFile[]>;
  /** `kept`: these are the last good ones, which may want files that are gone by now. */
  readonly load: (files: readonly RuleFile[], kept: boolean) => Loaded | Promise<Loaded>;
  /** Compiles the plan in this thread, so that its zones get made. Throws or rejects where a policy refuses. */
  readonly compile: (plan: Plan, zone: ZoneCollector['zone']) => R | Promise<R>;
  readonly zones: ZoneDirectory;
  readonly swap: (plan: Plan, zones: Zones) => Promise<SwapResult>;
  /** A plan is in use, the first one included. */
  readonly onPlan: (plan: Plan, compiled: R) => void;
  /** Rules are in use that were read from the folder. Nothing is waited for. */
  readonly keep?: (files: readonly RuleFile[], revision: string) => void;
  readonly log: Log;
  readonly registry: Registry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type ReloadResult =
  | { readonly ok: true; readonly revision: string; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly revision: string; readonly problems: readonly Problem[] };

export interface ReloadStatus {
  /** Of the rules in use; '' before there are any. */
  readonly revision: string;
  readonly rules: { readonly ok: boolean; readonly problems: readonly Problem[] };
  readonly lastReload: {
    /** ISO 8601. */
    readonly at: string;
    readonly trigger: Trigger;
    readonly result: 'ok' | 'failed';
    readonly seconds: number;
  } | null;
  /** While the rules on disk are refused since the start, and those kept by an earlier process serve. */
  readonly lastGood: { readonly revision: string; readonly keptAt: string } | null;
}

export class Reloader<R> {
  readonly #options: ReloaderOptions<R>;
  readonly #results: Readonly<Record<'ok' | 'failed' | 'unchanged', Counter>>;
  readonly #duration: Histogram;
  #plan: Plan | null = null;
  #problems: readonly Problem[] = [];
  #lastReload: ReloadStatus['lastReload'] = null;
  #lastGood = 0;
  #kept: KeptRules | null = null;
  /** Of the files that were judged last; '' where they must be judged again whatever they are. */
  #digest = '';
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<ReloadResult> | null = null;
  #nextTrigger: Trigger = 'watch';
  /** What the next one is to take; null where it reads the folder. */
  #nextFiles: readonly RuleFile[] | Error | null = null;

  constructor(options: ReloaderOptions<R>) {
    this.#options = options;
    const { registry } = options;
    const result = (name: string): Counter => registry.counter('weir_reloads_total', { result: name });
    this.#results = { ok: result('ok'), failed: result('failed'), unchanged: result('unchanged') };
    this.#duration = registry.histogram('weir_reload_duration_seconds');
    registry.gauge('weir_last_reload_timestamp_seconds', {}, () => this.#lastGood / 1000);
    registry.gauge('weir_last_reload_successful', {}, () => (hasErrors(this.#problems) ? 0 : 1));
    registry.gauge('weir_last_good_rules', {}, () => (this.#kept === null ? 0 : 1));
  }

  /** The plan in use, or null before the first. */
  get plan(): Plan | null {
    return this.#plan;
  }

  /**
   * The first load, before there are threads: `start` gets the plan and its zones and brings the threads up. Gives the
   * files too, for code frames. Where they are refused, what `kept` gives is tried; `ok` is false all the same, and the
   * plan in use, if there is one, is that. Rejects with what `start` rejects with.
   */
  first(
    start: FirstStart,
    kept: () => Promise<KeptRules | null> = async () => null,
  ): Promise<ReloadResult & { readonly files: readonly RuleFile[] }> {
    const first = this.#firstNow(start, kept);
    this.#running = first.catch(() => {});
    return first;
  }

  /**
   * Reads the rules again and takes them into use if they are good. From the watcher, files equal to those judged last
   * are left alone; a signal or a call means it. `settled` is what the watcher saw stand still: files, or that they
   * cannot be read; they are then not read again. Runs one at a time: calls that come while one runs share the next.
   */
  reload(trigger: Trigger, settled?: readonly RuleFile[] | Error): Promise<ReloadResult> {
    if (trigger !== 'watch' || this.#next === null) this.#nextTrigger = trigger;
    this.#nextFiles = this.#nextTrigger === 'watch' ? (settled ?? null) : null;
    if (this.#next !== null) return this.#next;
    const run = this.#running.then(() => {
      this.#next = null;
      return this.#guarded(this.#nextTrigger, this.#nextFiles);
    });
    this.#next = run;
    this.#running = run;
    return run;
  }

  status(): ReloadStatus {
    return {
      revision: this.#plan?.revision ?? '',
      rules: { ok: !hasErrors(this.#problems), problems: this.#problems },
      lastReload: this.#lastReload,
      lastGood: this.#kept && { revision: this.#kept.revision, keptAt: this.#kept.keptAt },
    };
  }

  async #firstNow(
    start: FirstStart,
    kept: () => Promise<KeptRules | null>,
  ): Promise<ReloadResult & { readonly files: readonly RuleFile[] }> {
    const began = this.#options.now();
    const swap = async (plan: Plan, zones: Zones): Promise<SwapResult> => {
      await start(plan, zones);
      return { ok: true };
    };
    const read = await this.#read();
    const files = Array.isArray(read) ? (read as readonly RuleFile[]) : [];
    const result =
      files === read ? await this.#apply(files, 'start', began, swap) : this.#failed([read as Problem], 'start', began);
    if (!result.ok) await this.#fallBack(await kept(), swap);
    return { ...this.#current(), files };
  }

  /** What the disk holds is refused: its problems stand, and the watcher looks for a change of it. */
  async #fallBack(kept: KeptRules | null, swap: ReloaderOptions<R>['swap']): Promise<void> {
    if (kept === null) return;
    const { log, now } = this.#options;
    const [problems, digest, lastReload] = [this.#problems, this.#digest, this.#lastReload];
    const result = await this.#apply(kept.files, 'start', now(), swap, kept);
    this.#problems = problems;
    this.#digest = digest;
    this.#lastReload = lastReload;
    for (const problem of problems) logProblem(log, problem);
    if (!result.ok) {
      for (const problem of result.problems) logProblem(log, problem);
      log.error(
        { revision: kept.revision },
        'the rules on disk are refused, and the last good ones are no longer accepted',
      );
      return;
    }
    this.#kept = kept;
    const { revision, keptAt } = kept;
    log.error(
      { revision, keptAt, problems: problems.length },
      'the rules on disk are refused; the last good ones are in use',
    );
  }

  /** A reload that fails by an unexpected error has failed, no more: the next one is independent of it. */
  async #guarded(trigger: Trigger, settled: readonly RuleFile[] | Error | null): Promise<ReloadResult> {
    const { log, folder, now } = this.#options;
    const began = now();
    try {
      return await this.#reloadNow(trigger, settled);
    } catch (error) {
      log.error({ err: error }, 'a reload failed: a bug in Weir');
      this.#digest = '';
      const message = `the reload failed: ${(error as Error).message}`;
      return this.#failed([fileProblem(folder, 'internal', message)], trigger, began);
    }
  }

  async #reloadNow(trigger: Trigger, settled: readonly RuleFile[] | Error | null): Promise<ReloadResult> {
    const began = this.#options.now();
    const files = settled instanceof Error ? this.#unreadable(settled) : (settled ?? (await this.#read()));
    if (!Array.isArray(files)) return this.#failed([files as Problem], trigger, began);
    if (trigger === 'watch' && digestOf(files) === this.#digest) {
      this.#results.unchanged.value++;
      return this.#current();
    }
    return this.#apply(files, trigger, began, this.#options.swap);
  }

  async #read(): Promise<readonly RuleFile[] | Problem> {
    try {
      return await this.#options.read(this.#options.folder);
    } catch (error) {
      return this.#unreadable(error as Error);
    }
  }

  #unreadable(error: Error): Problem {
    this.#digest = '';
    return unreadableFolder(this.#options.folder, error);
  }

  async #apply(
    files: readonly RuleFile[],
    trigger: Trigger,
    began: number,
    swap: ReloaderOptions<R>['swap'],
    kept: KeptRules | null = null,
  ): Promise<ReloadResult> {
    const { folder, keep } = this.#options;
    this.#digest = digestOf(files);
    const { plan, problems } = await this.#load(files, kept !== null);
    if (plan === null || hasErrors(problems)) return this.#failed(problems, trigger, began);
    const zones = this.#options.zones.begin();
    let compiled: R;
    try {
      compiled = await this.#options.compile(plan, zones.zone);
    } catch (error) {
      zones.abandon();
      // Memory, perhaps, that there is the next time.
      this.#digest = '';
      return this.#failed([...problems, refused(folder, error as Error)], trigger, began);
    }
    const swapped = await swap(plan, zones.zones()).catch((error) => {
      zones.abandon();
      throw error;
    });
    if (!swapped.ok) {
      zones.abandon();
      // The same files may well be taken the next time.
      this.#digest = '';
      const problem = fileProblem(folder, 'refused', swapped.problem);
      if (swapped.ending) return this.#ending(problem, trigger);
      return this.#failed([...problems, problem], trigger, began);
    }
    zones.commit();
    if (kept === null) keep?.(files, plan.revision);
    return this.#taken(plan, compiled, problems, trigger, began);
  }

  async #load(files: readonly RuleFile[], kept: boolean): Promise<Loaded> {
    try {
      return await this.#options.load(files, kept);
    } catch (error) {
      this.#options.log.error({ err: error }, 'the loader failed on the rules: a bug in Weir');
      const message = `the loader failed: ${(error as Error).message}`;
      return { plan: null, problems: [fileProblem(this.#options.folder, 'internal', message)] };
    }
  }

  #taken(plan: Plan, compiled: R, problems: readonly Problem[], trigger: Trigger, began: number): ReloadResult {
    const { registry, log, onPlan } = this.#options;
    const before = this.#plan?.revision ?? '';
    if (this.#plan) registry.drop('weir_config_revision_info', { revision: before }, one);
    registry.gauge('weir_config_revision_info', { revision: plan.revision }, one);
    this.#plan = plan;
    this.#problems = problems;
    this.#kept = null;
    this.#record('ok', trigger, began);
    this.#lastGood = this.#options.now();
    for (const problem of problems) logProblem(log, problem);
    if (trigger !== 'start') log.info({ revision: plan.revision, before, trigger }, 'new rules are in use');
    try {
      onPlan(plan, compiled);
    } catch (error) {
      // The threads use it already.
      log.error({ err: error }, 'new rules are in use, but not by all parts of the main thread: a bug in Weir');
    }
    return this.#current();
  }

  #failed(problems: readonly Problem[], trigger: Trigger, began: number): ReloadResult {
    this.#problems = problems;
    this.#record('failed', trigger, began);
    if (trigger === 'start') return this.#current();
    const { log } = this.#options;
    for (const problem of problems) logProblem(log, problem);
    const revision = this.#plan?.revision ?? '';
    log.error(
      { revision, problems: problems.length, trigger },
      'the rules on disk are refused; the last good ones stay in use',
    );
    return this.#current();
  }

  /** Nothing is wrong with the rules, so nothing is said of them. */
  #ending(problem: Problem, trigger: Trigger): ReloadResult {
    const revision = this.#plan?.revision ?? '';
    this.#options.log.info({ revision, trigger }, 'rules are no longer reloaded: weir is draining');
    return { ok: false, revision, problems: [problem] };
  }

  #record(result: 'ok' | 'failed', trigger: Trigger, began: number): void {
    const now = this.#options.now();
    const seconds = Math.max(0, now - began) / 1000;
    this.#results[result].value++;
    this.#duration.observe(seconds);
    this.#lastReload = { at: new Date(now).toISOString(), trigger, result, seconds };
  }

  #current(): ReloadResult {
    const revision = this.#plan?.revision ?? '';
    return { ok: !hasErrors(this.#problems), revision, problems: this.#problems };
  }
}

/** Is there anything that keeps rules from being used? */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/** One line each, its place first: what an editor's terminal makes clickable. */
export function logProblem(log: Log, problem: Problem): void {
  const { file, line, column, code, severity, message, hint } = problem;
  const fields = { code, at: `${file}:${line}:${column}`, ...(hint && { hint }) };
  log[severity === 'error' ? 'error' : 'warn'](fields, `${file}:${line}:${column} ${message}`);
}

/** The rules in `folder` do not compile. */
export function refused(folder: string, { message }: Error): Problem {
  return fileProblem(folder, 'refused', message);
}

function fileProblem(file: string, code: string, message: string): Problem {
  return { file, line: 1, column: 1, severity: 'error', code, message, hint: '' };
}

/** An `_info` metric says what it says in its labels. */
function one(): number {
  return 1;
}
