/** All that a start does but bind: what `weir check` finds out beside what the loader says. */
import { availableParallelism } from 'node:os';
import { Registry } from '../metrics/registry.ts';
import type { NamedFile } from '../plan/policies.ts';
import { byPlace, type Problem } from '../plan/problems.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Place, Plan } from '../types/plan.ts';
import type { ConfigPath, Log } from '../types/policy.ts';
import { fitConnections } from './descriptors.ts';
import { dryRun } from './dry-run.ts';
import { checkStateFolder } from './last-good.ts';
import { policyFileProblems } from './policy-files.ts';
import { refused } from './reload.ts';
import { problemAt, Resources } from './resources.ts';
import { checkRuntimeFolder } from './runtime-folder.ts';

export interface StartToCheck {
  /** Null where too little is known of it. */
  readonly config: WeirConfig | null;
  /** Where a value of the config stands. */
  readonly placeOf: (path: ConfigPath) => Place;
  /** Null where the rules have problems of their own. */
  readonly plan: Plan | null;
  /** What the policies in use read. */
  readonly files: readonly NamedFile[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Reads what config and rules refer to and compiles the rules, by the code that a start runs. Binds nothing. */
export async function checkStart(start: StartToCheck): Promise<Problem[]> {
  const { config, plan, files } = start;
  return [
    ...(config ? await settingsProblems(config, start) : []),
    ...(await policyFileProblems(files, 'error')),
    ...(config && plan ? await compileProblems(plan, config) : []),
  ];
}

async function settingsProblems(config: WeirConfig, { placeOf, env }: StartToCheck): Promise<Problem[]> {
  const resources = new Resources({
    config,
    placeOf,
    log: SILENT,
    registry: new Registry(),
    onGeo: () => {},
    onCertificates: () => {},
  });
  const problems = await resources.check();
  await resources.close();
  problems.push(...folderProblems(config, placeOf, env), ...descriptorProblems(config, placeOf));
  return problems.sort(byPlace);
}

/** Weir serves without them, but nobody can take over from it, or it does not survive a start with broken rules. */
function folderProblems(
  config: WeirConfig,
  placeOf: StartToCheck['placeOf'],
  env: StartToCheck['env'],
): readonly Problem[] {
  const { runtime, state, file } = config;
  const look = (key: 'runtime' | 'state', without: string, check: () => void): readonly Problem[] => {
    try {
      check();
      return [];
    } catch (error) {
      const message = `${(error as Error).message}: ${without}`;
      const hint = `set \`${key}\` to a folder that belongs to this user and that no other user can write to`;
      return [{ ...problemAt(placeOf([key]), `${key}-folder`, message, hint), severity: 'warning' }];
    }
  };
  return [
    ...look('runtime', 'no other process can take over from this one', () => checkRuntimeFolder(runtime, file, env)),
    ...look('state', 'the last good rules are not saved', () => checkStateFolder(state, env)),
  ];
}

/** As far as this process's limit is the one of the service. */
function descriptorProblems(config: WeirConfig, placeOf: StartToCheck['placeOf']): readonly Problem[] {
  const messages: string[] = [];
  const log: Log = { ...SILENT, warn: (_fields, message) => void messages.push(message) };
  fitConnections(config, config.threads || availableParallelism(), log);
  const place = placeOf(['limits', 'connections']);
  return messages.map((message) => ({ ...problemAt(place, 'too-few-descriptors', message), severity: 'warning' }));
}

async function compileProblems(plan: Plan, { store, rules, threads }: WeirConfig): Promise<readonly Problem[]> {
  const zone = (_identity: string, bytes: number) => new SharedArrayBuffer(bytes);
  try {
    await dryRun(plan, zone, { store, threads: threads || availableParallelism(), log: SILENT });
    return [];
  } catch (error) {
    return [refused(rules, error as Error)];
  }
}
