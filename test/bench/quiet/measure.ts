/** Alternating rounds of the quiet harness: each load in a process for each program, one round each in turn. */
import { join } from 'node:path';
import { makeClients } from '../clients.ts';
import type { Client } from '../requests.ts';
import { BENCH } from '../subjects/files.ts';
import type { Round } from './driver.ts';
import type { LoadName } from './messages.ts';
import { QuietProgram } from './program.ts';
import type { Shares } from './samples.ts';

export interface QuietOptions {
  readonly checkout: string;
  /** Another checkout, or ''. */
  readonly against: string;
  /** The bare forwarder takes turns as well, where there are no rules. */
  readonly bare: boolean;
  readonly loads: readonly LoadName[];
  readonly rounds: number;
  readonly requests: number;
}

/** The rounds of one program under one load. */
export interface QuietSeries {
  readonly load: LoadName;
  /** `this`, `against` or `bare`. */
  readonly program: string;
  readonly rounds: Round[];
}

type Say = (line: string) => void;

const CLIENTS = 512;
const BARE = join(BENCH, 'subjects', 'bare.ts');
/** Events for each request of a round: one takes so much less. */
const EVENTS = 8;
/** Requests until V8 has compiled what it will. */
const WARM_UP = 60_000;

interface Turn {
  readonly name: string;
  readonly program: QuietProgram;
  readonly rounds: Round[];
}

async function startAll(options: QuietOptions, load: LoadName, clients: readonly Client[]): Promise<Turn[]> {
  const turns: Turn[] = [];
  const add = async (name: string, start: () => Promise<QuietProgram>): Promise<void> => {
    turns.push({ name, program: await start(), rounds: [] });
  };
  try {
    await add('this', () => QuietProgram.start(options.checkout, load, clients));
    if (options.against !== '') await add('against', () => QuietProgram.start(options.against, load, clients));
    if (options.bare && (load === 'get' || load === 'heads'))
      await add('bare', () => QuietProgram.startProgram(BARE, load, clients));
    return turns;
  } catch (error) {
    await closeAll(turns);
    throw error;
  }
}

async function closeAll(turns: readonly Turn[]): Promise<void> {
  await Promise.all(turns.map(({ program }) => program.close()));
}

async function warmUp(program: QuietProgram, requests: number): Promise<void> {
  for (let sent = 0; sent < WARM_UP; sent += requests) await program.round(requests);
}

/** Runs `work` with the programs of one load, warm. */
async function withPrograms<T>(options: QuietOptions, load: LoadName, work: (turns: Turn[]) => Promise<T>): Promise<T> {
  const turns = await startAll(options, load, makeClients(CLIENTS));
  try {
    for (const { program } of turns) await warmUp(program, options.requests);
    return await work(turns);
  } finally {
    await closeAll(turns);
  }
}

/** Measures all loads, one after the other. */
export async function measureQuiet(options: QuietOptions, say: Say): Promise<QuietSeries[]> {
  const series: QuietSeries[] = [];
  for (const load of options.loads) {
    say(`quiet: ${load}`);
    const turns = await withPrograms(options, load, async (all) => {
      for (let round = 0; round < options.rounds; round++)
        for (const { program, rounds } of all)
          rounds.push(await program.round(options.requests * (load === 'events' ? EVENTS : 1)));
      return all;
    });
    series.push(...turns.map(({ name, rounds }) => ({ load, program: name, rounds })));
  }
  return series;
}

/** Who allocates, or where time goes, under each load. */
export async function sampleQuiet(
  options: QuietOptions,
  what: 'heap' | 'profile',
  say: Say,
): Promise<{ title: string; shares: Shares }[]> {
  const found: { title: string; shares: Shares }[] = [];
  for (const load of options.loads) {
    say(`quiet: ${load}, ${what}`);
    await withPrograms(options, load, async (all) => {
      for (const { name, program } of all) {
        const shares = await program.sample(what, options.requests, Math.ceil(options.rounds / 2));
        found.push({ title: `${load}, ${name}`, shares });
      }
    });
  }
  return found;
}
