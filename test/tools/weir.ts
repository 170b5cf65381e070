/**
 * Weir as a black box: the real program in a process of its own, on a config folder and rules written for one test.
 * Every port is 0, the folder is temporary, the process never outlives the test, and its output is shown where the
 * test fails.
 *
 *     test('…', async (t) => {
 *       const weir = await startWeir(t, { rules: { upstreams: …, routes: … } });
 *       const reply = await fetch(`${weir.url}/v1/user`);
 *
 * In a suite's `before`, start it without a context (`startWeir(null, …)`) and call `stop()` in `after`.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Child, startChild } from '../../src/demo/child.ts';
import { until } from './until.ts';

/** Sections of a rule set (`regions`, `upstreams`, `policies`, `routes`, `tests`) as plain objects. */
export type Rules = Readonly<Record<string, unknown>>;

export interface WeirOptions {
  /** One rule set as an object, as YAML, or as files by name under `rules/`. */
  readonly rules: Rules | string | { readonly files: Readonly<Record<string, string | Rules>> };
  /** On top of the defaults below; each key replaces the default's, but `limits`, which are merged. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Further files, by path relative to the folder: `geoip/overrides.csv`, `config/jwks.json`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds it may take to start or to take rules over, where there are very many. */
  readonly patience?: number;
}

/** What `GET /api/v1/status` answers. */
export interface Status {
  readonly revision: string;
  readonly rules: { readonly ok: boolean; readonly problems: readonly { code: string; message: string }[] };
  readonly threads: unknown;
  readonly uptime: number;
  readonly endpoints: Readonly<
    Record<string, { readonly breaker: string; readonly healthy: boolean; readonly retryAfter: number }>
  >;
}

/** One JSON log line. */
export type LogRecord = Readonly<Record<string, unknown>> & { readonly message?: string };

/** The part of a node:test context that is needed; suites without one stop Weir themselves. */
export interface Context {
  after(fn: () => unknown): void;
  readonly passed?: boolean;
  diagnostic?(message: string): void;
}

/** Loopback, any port, two threads (so that what must hold across threads is tried), believed `X-Forwarded-For`. */
const DEFAULTS = {
  listeners: [{ address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0' },
  threads: 2,
  rules: '../rules',
  state: '../state',
  store: 'memory',
  reload: { settle: '50ms' },
  geoip: { database: 'bundled' },
  trustedProxies: ['127.0.0.1/32'],
  log: { level: 'info', format: 'json', access: true },
  // Clients of tests keep connections that nobody uses any more.
  limits: { drainGrace: '1ms' },
};

/** How long Weir may take to start or to take rules over, in milliseconds: a busy machine, not a slow Weir. */
const PATIENCE = 20_000;

/** Starts Weir and resolves when it serves. Rejects, with its output, where it ends first. */
export async function startWeir(t: Context | null, options: WeirOptions): Promise<Weir> {
  const folder = writeFolder(options);
  const weir = new Weir(folder, options.env, [], options.patience);
  t?.after(() => weir.stop(t));
  try {
    await weir.ready();
  } catch (error) {
    await weir.stop(null);
    throw new Error(`Weir did not start:\n${weir.log()}`, { cause: error });
  }
  return weir;
}

/** Starts another Weir on the folder of `weir` with `--takeover`; resolves when it serves. `weir` is left to end. */
export async function takeOver(t: Context, weir: Weir): Promise<Weir> {
  const successor = anotherWeir(t, weir, ['--takeover']);
  await successor.ready();
  return successor;
}

/** Another Weir on the folder of `weir`, just started. */
export function anotherWeir(t: Context, weir: Weir, args: readonly string[] = [], env: WeirOptions['env'] = {}): Weir {
  const another = new Weir(weir.folder, env, args);
  t.after(() => another.stop(t));
  return another;
}

export class Weir {
  /** Temporary; holds `config/` and `rules/`. */
  readonly folder: string;
  readonly configFile: string;
  readonly process: Child;
  /** `http://host:port` of each listener, in the order configured; `https://` where it has TLS. */
  urls: readonly string[] = [];
  /** `http://host:port` of the admin listener. */
  admin = '';
  readonly #patience: number;
  readonly #lines: string[] = [];
  readonly #records: LogRecord[] = [];

  constructor(
    folder: string,
    env: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    patience = PATIENCE,
  ) {
    this.folder = folder;
    this.#patience = patience;
    this.configFile = join(folder, 'config', 'weir.yaml');
    this.process = startChild({
      args: ['serve', '--config', this.configFile, ...args],
      env,
      line: (text) => this.#line(text),
    });
  }

  /** `http://host:port` of the first listener. */
  get url(): string {
    return this.urls[0]!;
  }

  /** All it has written so far. */
  log(): string {
    return this.#lines.join('\n');
  }

  /** The JSON lines it has written so far. */
  records(): readonly LogRecord[] {
    return this.#records;
  }

  /** The first record, past or to come, that `wanted` accepts. */
  record(wanted: (record: LogRecord) => boolean, what = 'a log line'): Promise<LogRecord> {
    return until(() => this.#records.find(wanted), what, this.#patience);
  }

  /** The access log's lines so far. */
  accessLog(): readonly LogRecord[] {
    return this.#records.filter((record) => 'route' in record && 'duration' in record);
  }

  /** Waits until it serves and its addresses are known. */
  async ready(): Promise<void> {
    const said = await until(
      () => this.#saidReady() ?? (this.process.running ? null : 'ended'),
      'Weir to be ready',
      this.#patience,
    );
    if (said === 'ended') throw new Error(`Weir ended with ${await this.process.exited}`);
    this.urls = said.listeners as string[];
    this.admin = (said.admin as string | null) ?? '';
  }

  #saidReady(): LogRecord | undefined {
    return this.#records.find((record) => record.message === 'weir is ready');
  }

  async status(): Promise<Status> {
    return (await (await fetch(`${this.admin}/api/v1/status`)).json()) as Status;
  }

  /** The text of `/metrics`. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.admin}/metrics`)).text();
  }

  /** Value of a metric with exactly these labels, or the sum over all that have at least these; 0 where there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumSeries(await this.metrics(), name, labels);
  }

  /** Writes `rules/NAME` as an editor does (a new file moved over the old one), without waiting for anything. */
  write(name: string, rules: string | Rules): void {
    writeAtomically(join(this.folder, 'rules', name), textOf(rules));
  }

  /** Removes `rules/NAME`. */
  remove(name: string): void {
    rmSync(join(this.folder, 'rules', name));
  }

  /** Replaces `config/weir.yaml`, for whoever starts next on this folder. */
  writeConfig(config: Readonly<Record<string, unknown>>): void {
    writeAtomically(this.configFile, JSON.stringify({ ...DEFAULTS, ...config }, null, 2));
  }

  read(name: string): string {
    return readFileSync(join(this.folder, 'rules', name), 'utf8');
  }

  /** {@link write}, then waits until another revision serves. */
  async apply(name: string, rules: string | Rules): Promise<Status> {
    const { revision } = await this.status();
    this.write(name, rules);
    return this.statusWhere((status) => status.rules.ok && status.revision !== revision, 'the new rules to serve');
  }

  /** {@link write}, then waits until Weir reports problems; the revision must stand. */
  async applyBroken(name: string, rules: string | Rules): Promise<Status> {
    const { revision } = await this.status();
    this.write(name, rules);
    const status = await this.statusWhere((status) => !status.rules.ok, 'the broken rules to be refused');
    assert.equal(status.revision, revision, 'broken rules changed the revision');
    return status;
  }

  /** The first status that `wanted` accepts. */
  statusWhere(wanted: (status: Status) => boolean, what: string): Promise<Status> {
    return until(
      async () => {
        const status = await this.status();
        return wanted(status) && status;
      },
      what,
      this.#patience,
    );
  }

  /** `POST /api/v1/reload`. */
  reload(): Promise<Response> {
    return fetch(`${this.admin}/api/v1/reload`, { method: 'POST' });
  }

  /**
   * Ends Weir and removes its folder; again is harmless. Resolves with its exit status. With the context of a test
   * that failed, shows what it wrote.
   */
  async stop(t: Context | null = null): Promise<number | string> {
    const status = await this.process.stop(5_000);
    rmSync(this.folder, { recursive: true, force: true });
    if (t?.passed === false) process.stderr.write(`── Weir (${this.folder}) said:\n${this.log()}\n──\n`);
    return status;
  }

  #line(text: string): void {
    this.#lines.push(text);
    if (!text.startsWith('{')) return;
    try {
      this.#records.push(JSON.parse(text));
    } catch {
      // Not a log line: a stack trace, say. It stays in log().
    }
  }
}

/** Sum of the series of `name` that carry `labels`, in Prometheus' text format. */
export function sumSeries(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match?.[1] !== name) continue;
    const has = (label: string) => `,${match[2] ?? ''},`.includes(`,${label}="${labels[label]}",`);
    if (Object.keys(labels).every(has)) sum += Number(match[3]);
  }
  return sum;
}

function writeFolder(options: WeirOptions): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  // JSON is YAML: what a test writes as an object needs no serialiser of its own.
  const limits = { ...DEFAULTS.limits, ...(options.config?.limits as object | undefined) };
  put('config/weir.yaml', JSON.stringify({ ...DEFAULTS, ...options.config, limits }, null, 2));
  const { rules } = options;
  const files = typeof rules === 'object' && 'files' in rules ? (rules.files as Record<string, string | Rules>) : null;
  for (const [name, text] of Object.entries(files ?? { 'rules.yaml': rules as string | Rules }))
    put(join('rules', name), textOf(text));
  for (const [path, text] of Object.entries(options.files ?? {})) put(path, text);
  return folder;
}

function textOf(rules: string | Rules): string {
  return typeof rules === 'string' ? rules : JSON.stringify(rules, null, 2);
}

function writeAtomically(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}
