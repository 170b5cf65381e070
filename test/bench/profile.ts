/** `--profile NAME`: one Node subject under `--cpu-prof`, and where its own time goes. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from './options.ts';
import { Session } from './session.ts';
import { ROOT } from './subjects/files.ts';
import { SUBJECTS } from './subjects/index.ts';

const BURSTS = 6;
const LINES = 45;

/** What V8 writes; only what is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Own time of one function or file. */
export interface SelfTime {
  readonly name: string;
  readonly micros: number;
}

/** Own time by function, biggest first, without idle time. */
export function selfTimes(profile: CpuProfile, nameOf: typeof functionName = functionName): SelfTime[] {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const times = new Map<string, number>();
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id)!;
    // A sample stands for the time until the next one.
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[i + 1] ?? 0));
  }
  times.delete('(idle)');
  return [...times].map(([name, micros]) => ({ name, micros })).sort((a, b) => b.micros - a.micros);
}

type Frame = CpuProfile['nodes'][number]['callFrame'];

function functionName({ functionName: name, url, lineNumber }: Frame): string {
  return url === '' ? name : `${name || '(anonymous)'} ${short(url)}:${lineNumber + 1}`;
}

function fileName({ functionName: name, url }: Frame): string {
  return url === '' ? name || '(native)' : short(url);
}

function short(url: string): string {
  return url.replace('file://', '').replace(`${ROOT}/`, '');
}

/** Runs the subject named in `options.profile` under load and returns the report as text. */
export async function profile(options: Options, say: (line: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-profile-'));
  const session = await Session.open(options, say);
  try {
    const args = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'];
    await session.prepare(
      SUBJECTS.filter(({ name }) => name === options.profile),
      args,
    );
    await session.repeat(BURSTS);
  } finally {
    await session.close();
  }
  const requests = options.requests * BURSTS;
  const reports = readdirSync(folder).map((file) => reportOn(join(folder, file), requests));
  return reports.length > 0 ? reports.join('\n') : 'no profile was written: only Node subjects can be profiled\n';
}

function reportOn(file: string, requests: number): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  return [
    file,
    ...lines(selfTimes(profile, fileName), requests, 15),
    '',
    ...lines(selfTimes(profile), requests, LINES),
    '',
  ].join('\n');
}

function lines(times: readonly SelfTime[], requests: number, count: number): string[] {
  const total = times.reduce((sum, time) => sum + time.micros, 0);
  const head = `busy ${(total / 1e6).toFixed(2)} s, ${(total / requests).toFixed(1)} µs/request (warm-up included)`;
  return [
    head,
    ...times.slice(0, count).map(({ name, micros }) => {
      const perRequest = (micros / requests).toFixed(2).padStart(7);
      return `${((micros / total) * 100).toFixed(1).padStart(5)}% ${perRequest} µs  ${name}`;
    }),
  ];
}
