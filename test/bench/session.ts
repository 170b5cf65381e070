/** One run of the bench: the upstream, the subjects that live through all rounds, and what was measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeClients } from './clients.ts';
import { cpuBetween, readCpu, readRss } from './cpu.ts';
import { loadHttp2 } from './h2load.ts';
import { Loader, type LoadResult } from './loader.ts';
import type { Options } from './options.ts';
import { type Batch, type Client, pathsBatch, plainBatch, signedBatch } from './requests.ts';
import type { Region } from './rules.ts';
import { quantile } from './stats.ts';
import { BENCH } from './subjects/files.ts';
import { stop } from './subjects/processes.ts';
import type { LoadKind, Running, Setting, Subject } from './subjects/types.ts';
import { verifyAll, verifyRound } from './verify.ts';

const CLIENTS = 512;
/** Log phases and timers that follow the last answer still belong to the burst. */
const SETTLE_MS = 20;

/** What one burst cost. */
export interface Burst {
  /** Microseconds of CPU time for each request. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Bytes. */
  readonly rss: number;
}

/** All bursts of one subject under one kind of load, in the order of rounds. */
export interface Series {
  readonly subject: string;
  readonly load: LoadKind;
  readonly bursts: Burst[];
}

/** Where a burst comes from. */
interface Source {
  run(): Promise<LoadResult>;
  close(): void;
}

/** A subject that is running, or why it is not. */
interface Entry {
  readonly subject: Subject;
  running: Running | null;
  problem: string;
}

export interface Outcome {
  readonly series: readonly Series[];
  /** Subjects left out, and why. */
  readonly problems: Readonly<Record<string, string>>;
}

type Say = (line: string) => void;

export class Session {
  private readonly folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  private readonly clients: readonly Client[] = makeClients(CLIENTS);
  private readonly options: Options;
  private readonly say: Say;
  private upstream!: ChildProcess;
  private ports!: Readonly<Record<Region, number>>;
  private instances = 0;
  private entries: Entry[] = [];

  private constructor(options: Options, say: Say) {
    this.options = options;
    this.say = say;
  }

  /** Makes the folder and starts the upstream. */
  static async open(options: Options, say: Say): Promise<Session> {
    const session = new Session(options, say);
    const program = join(BENCH, 'upstream.ts');
    session.upstream = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    for await (const line of session.upstream.stdout!) {
      session.ports = JSON.parse(String(line));
      break;
    }
    return session;
  }

  /** Checks and starts the subjects; what cannot run or fails its check is told and left out. */
  async prepare(subjects: readonly Subject[], nodeArgs: readonly string[] = []): Promise<void> {
    for (const subject of subjects) {
      const entry: Entry = { subject, running: null, problem: subject.missing() };
      this.entries.push(entry);
      if (entry.problem === '') entry.problem = await this.tryOut(subject).catch(describe);
      if (entry.problem === '') {
        entry.running = await this.start(subject, nodeArgs);
        this.say(`${subject.name}: checked`);
      } else {
        this.say(`${subject.name}: skipped: ${entry.problem}`);
        // The rest is a process's own output: for the terminal, not for the page.
        entry.problem = entry.problem.split('\n', 1)[0]!;
      }
    }
  }

  /** Warm-up, then the rounds; each begins with another subject. `loads`: those alone. */
  async measure(loads?: readonly LoadKind[]): Promise<Outcome> {
    const lanes = this.entries.flatMap((entry) =>
      entry.subject.loads
        .filter((load) => loads?.includes(load) ?? true)
        .map((load) => ({
          entry,
          series: { subject: entry.subject.name, load, bursts: [] as Burst[] },
        })),
    );
    this.say('warm-up');
    for (const { entry, series } of lanes) await this.burst(entry, series.load);
    for (let round = 0; round < this.options.rounds; round++) {
      for (let i = 0; i < lanes.length; i++) {
        const { entry, series } = lanes[(i + round) % lanes.length]!;
        const burst = await this.burst(entry, series.load);
        if (burst !== null) series.bursts.push(burst);
      }
      this.say(`round ${round + 1} of ${this.options.rounds}`);
    }
    return {
      series: lanes.filter(({ entry }) => entry.problem === '').map(({ series }) => series),
      problems: this.problems,
    };
  }

  /** Load only, for profiles: `times` bursts on every subject. */
  async repeat(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      for (const entry of this.entries) await this.burst(entry, 'post');
    }
  }

  /** One burst on each subject that runs, after a warm-up, with `around` told of its process before and waited for after. */
  async each(load: LoadKind, around: (name: string, pid: number) => Promise<() => Promise<void>>): Promise<void> {
    for (const entry of this.entries) {
      if (entry.running === null || !entry.subject.loads.includes(load)) continue;
      await this.burst(entry, load);
      const end = await around(entry.subject.name, entry.running.pid);
      await this.burst(entry, load);
      await end();
    }
  }

  /** The process of a subject; null where it does not run. */
  running(name: string): Running | null {
    return this.entries.find((entry) => entry.subject.name === name)?.running ?? null;
  }

  /** Subjects that do not run, or no more, and why. */
  get problems(): Readonly<Record<string, string>> {
    const failed = this.entries.filter((entry) => entry.problem !== '');
    return Object.fromEntries(failed.map((entry) => [entry.subject.name, entry.problem]));
  }

  /** Stops all subjects and waits for them; the upstream goes on. */
  async stopSubjects(): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.running?.stop()));
  }

  async close(): Promise<void> {
    await this.stopSubjects();
    await stop(this.upstream);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private start(subject: Subject, nodeArgs: readonly string[]): Promise<Running> {
    const folder = join(this.folder, `${subject.name}-${this.instances++}`);
    mkdirSync(folder);
    const { rounds, requests } = this.options;
    const setting: Setting = { folder, upstreams: this.ports, nonces: (rounds + 2) * (requests + 100), nodeArgs };
    return subject.start(setting);
  }

  /** Runs the full check on an instance that is thrown away. Returns what is wrong, or ''. */
  private async tryOut(subject: Subject): Promise<string> {
    const trial = await this.start(subject, []);
    try {
      return (await verifyAll(trial.port, subject, this.clients)).join('; ');
    } finally {
      await trial.stop();
    }
  }

  /** One burst, or null where the subject is out or fails now. */
  private async burst(entry: Entry, load: LoadKind): Promise<Burst | null> {
    const { running, subject } = entry;
    if (running === null || entry.problem !== '') return null;
    const wrong = await verifyRound(running.port, subject, this.clients).catch((error) => [describe(error)]);
    if (wrong.length > 0) return this.giveUp(entry, wrong.join('; '));
    const { requests } = this.options;
    const source = await this.source(subject, load, running.port);
    const before = readCpu(running.pid);
    const result = await source.run();
    await sleep(SETTLE_MS);
    const cpu = cpuBetween(before, readCpu(running.pid)) / requests;
    source.close();
    if (result.right < requests) return this.giveUp(entry, `under load: ${JSON.stringify(result.wrong)}`);
    const [p50, p99] = [quantile(result.latencies, 0.5), quantile(result.latencies, 0.99)];
    return { cpu, perSecond: result.right / result.seconds, p50, p99, rss: readRss(running.pid) };
  }

  private giveUp(entry: Entry, problem: string): null {
    entry.problem = problem;
    this.say(`${entry.subject.name}: given up: ${problem}`);
    return null;
  }

  /** What sends one burst, with its connections open where it keeps them. */
  private async source(subject: Subject, load: LoadKind, port: number): Promise<Source> {
    const { connections, requests } = this.options;
    if (load === 'h2') return { run: () => loadHttp2(port, requests, connections), close() {} };
    const loader = await Loader.open(port, connections, subject.secure);
    const batch = this.batch(subject, load);
    return { run: () => loader.run(batch), close: () => loader.close() };
  }

  /** Subjects without rules have one upstream, that of the first region. */
  private batch(subject: Subject, load: LoadKind): Batch {
    const clients = subject.rules ? this.clients : this.clients.map((c): Client => ({ ...c, region: 'us' }));
    const { requests } = this.options;
    if (load === 'post') return signedBatch(requests, clients, Date.now());
    return subject.paths ? pathsBatch(requests, clients, subject.paths) : plainBatch(requests, clients);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
