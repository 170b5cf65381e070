/** The policy kind `versions`: what it does and its options are in README.md beside this file. */
import { Fields } from '../../fields/fields.ts';
import { type Pattern, parsePattern } from '../../match/pattern.ts';
import { Router } from '../../match/router.ts';
import type { Env, Hooks, PolicyKind, ResolveContext } from '../../types/policy.ts';
import { compileTarget, parseTarget, type RawTarget, type TargetPlan, targetProblem } from './target.ts';

/** What stands under `versions:`. */
export interface RawVersions {
  readonly map: Readonly<Record<string, RawTarget>>;
  readonly unknown?: 'pass' | 'reject';
}

export interface VersionsConfig {
  readonly entries: readonly EntryPlan[];
  readonly unknown: 'pass' | 'reject';
}

interface EntryPlan {
  /** As written. */
  readonly key: string;
  /** `key` with its leading slash. */
  readonly pattern: string;
  readonly target: TargetPlan;
}

/** What a matching entry does to a request. */
interface Version {
  /** '' leaves it. */
  readonly upstream: string;
  readonly path: (from: string) => string;
}

const entrySchema = {
  description: 'Upstream path, `{ upstream, path }`, or a full URL.',
  if: { type: 'object' },
  // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword
  then: {
    type: 'object',
    additionalProperties: false,
    required: ['upstream'],
    properties: {
      upstream: { type: 'string', public: true, description: 'Name of the upstream to ask.' },
      path: { type: 'string', minLength: 1, description: 'Path there; the path as asked for where it is left out.' },
    },
  },
  else: { type: 'string', minLength: 1 },
};

export const versions: PolicyKind<RawVersions, VersionsConfig> = {
  kind: 'versions',
  summary: 'Maps external paths to upstream paths, other upstreams or full URLs.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['map'],
    properties: {
      map: {
        type: 'object',
        description: 'External path, with or without its leading slash → where it leads.',
        minProperties: 1,
        additionalProperties: entrySchema,
      },
      unknown: {
        enum: ['pass', 'reject'],
        default: 'pass',
        description: 'Paths that no entry matches: `pass` leaves them as they are, `reject` answers 404.',
      },
    },
  },
  resolve,
  upstreams: ({ entries }) =>
    entries
      .filter(({ target }) => target.upstream !== '')
      .map(({ key, target }) => ({ name: target.upstream, at: ['map', key, 'upstream'] })),
  urls: ({ entries }, policy) =>
    entries
      .filter(({ target }) => target.url !== '')
      .map(({ key, target }) => ({ name: urlUpstream(policy, key), url: target.url, at: ['map', key] })),
  compile,
};

/** Name of the upstream that exists because an entry names a URL. */
function urlUpstream(policy: string, key: string): string {
  return `${policy}:${key}`;
}

function resolve(raw: RawVersions, context: ResolveContext): VersionsConfig {
  const entries: EntryPlan[] = [];
  const seen = new Map<string, string>();
  for (const [key, value] of Object.entries(raw.map)) {
    const pattern = key.startsWith('/') ? key : `/${key}`;
    const parsed = parsePattern(pattern);
    if ('problem' in parsed) {
      context.problem(
        ['map', key],
        'version-path',
        `"${key}": ${parsed.problem}`,
        'write it like v1, /v1/:id or /v1/**',
      );
      continue;
    }
    const target = parseTarget(value);
    const problem = targetProblem(parsed, target);
    if (problem !== '') {
      const at = typeof value === 'string' ? ['map', key] : ['map', key, 'path'];
      context.problem(at, 'version-target', problem, 'a path that begins with "/", or a URL of http or https');
      continue;
    }
    const shape = shapeOf(parsed);
    const earlier = seen.get(shape);
    if (earlier !== undefined)
      context.problem(
        ['map', key],
        'version-duplicate',
        `"${key}" and "${earlier}" are the same path`,
        'keep one of them',
      );
    else seen.set(shape, key);
    entries.push({ key, pattern, target });
  }
  return { entries, unknown: raw.unknown ?? 'pass' };
}

/** Equal for patterns that match the same paths at the same rank: names of parameters do not count. */
function shapeOf(pattern: Pattern): string {
  return pattern.segments.map((segment) => (segment.kind === 'exact' ? segment.text : `:${segment.kind}`)).join('/');
}

function compile(config: VersionsConfig, env: Env): Hooks {
  const router = Router.of<Version>(
    config.entries.map((entry) => ({ match: anyOn(entry.pattern), value: version(entry, env) })),
  );
  const rejects = config.unknown === 'reject';
  return {
    admit(x) {
      const found = router.find(ANY_METHOD, x.host, x.path, NO_HEADERS, '');
      if (found === null) return rejects ? x.error('NOT_FOUND') : undefined;
      if (found.upstream !== '') x.upstream = found.upstream;
      x.upstreamPath = found.path(x.path);
      return undefined;
    },
  };
}

/** Entries have no conditions but the path: the router reads no headers, and is asked for a method that all take. */
const NO_HEADERS = Fields.empty();
const ANY_METHOD = 'GET';

function anyOn(path: string) {
  return { hosts: ['*'], path, methods: [], headers: {}, countries: [] };
}

function version({ key, pattern, target }: EntryPlan, env: Env): Version {
  const parsed = parsePattern(pattern);
  if ('problem' in parsed) throw new Error(`${key}: ${parsed.problem}`);
  const upstream = target.url === '' ? target.upstream : urlUpstream(env.name, key);
  return { upstream, path: compileTarget(parsed, target.path) };
}
