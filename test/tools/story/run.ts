/** Plays a story against a Weir of its own. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../until.ts';
import { type Context, type Rules, startWeir, type Weir } from '../weir.ts';
import { type Answer, exchange, fieldsOf, requestBytes } from './client.ts';
import { differences } from './match.ts';
import type { Expectation, RequestStep, Step, Story } from './schema.ts';
import { type Signer, sign } from './signer.ts';
import { type Fields, type Script, ScriptedUpstream, type Seen } from './upstream.ts';

/** How long what a step waits for may take, in milliseconds: a busy machine. */
const PATIENCE = 15_000;

/** Starts the upstreams and Weir, plays the steps in order, and ends everything with the test. */
export async function playStory(t: Context, story: Story): Promise<void> {
  const player = new Player(story);
  t.after(() => player.close());
  await player.start(t);
  for (const [i, step] of story.steps.entries()) {
    try {
      await player.play(step);
    } catch (error) {
      throw new Error(`step ${i + 1}${step.say ? ` (${step.say})` : ''}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

type Play = (value: never, expect: Expectation) => Promise<void> | void;

class Player {
  readonly #story: Story;
  readonly #upstreams = new Map<string, ScriptedUpstream>();
  readonly #seen: Seen[] = [];
  #weir!: Weir;
  #revision = '';
  #requests = 0;
  /** The last request's bytes, for `again`. */
  #last = '';

  constructor(story: Story) {
    this.#story = story;
  }

  async start(t: Context): Promise<void> {
    for (const [name, scripts] of Object.entries(this.#story.upstreams ?? {})) {
      const upstream = new ScriptedUpstream(name, (request) => this.#seen.push(request));
      upstream.play(scripts);
      this.#upstreams.set(name, upstream);
      await upstream.listen();
    }
    const { config, env, files, rules } = this.#story;
    this.#weir = await startWeir(t, { rules: this.#addressed(rules), config, env, files });
    this.#revision = (await this.#status()).revision as string;
  }

  close(): void {
    for (const upstream of this.#upstreams.values()) upstream.close();
  }

  async play(step: Step): Promise<void> {
    const verbs: Record<string, Play> = {
      request: (value: RequestStep, expect) => this.#request(value, expect),
      again: (value: RequestStep, expect) => this.#send(this.#last, value, expect),
      admin: (value: { path: string }, expect) => this.#admin(value, expect),
      apply: (value: Record<string, Rules>) => this.#apply(value),
      refuse: (value: Record<string, Rules>, expect) => this.#refuse(value, expect),
      write: (value: Record<string, string>) => this.#write(value),
      remove: (value: string[]) => {
        for (const name of value) this.#weir.remove(name);
      },
      rename: (value: Record<string, string>) => this.#rename(value),
      revision: (value: string) => this.#revisionIs(value),
      signal: (value: NodeJS.Signals) => this.#weir.process.signal(value),
      play: (value: Record<string, Script>) => this.#script(value),
      metrics: (value: Record<string, unknown>) => this.#metrics(value),
      status: (value: object) => this.#holds(() => this.#status(), value, 'status'),
      log: (value: object) => this.#logged(value),
      nowhere: (value: string[]) => this.#nowhere(value),
    };
    const verb = Object.keys(verbs).find((name) => name in step)!;
    await verbs[verb]!(step[verb] as never, step.expect ?? {});
  }

  /** `@name` stands for the URL of the upstream called so. */
  #addressed<T>(value: T): T {
    if (typeof value === 'string')
      return value.replace(/@([a-z][\w-]*)/g, (all, name) => this.#upstreams.get(name)?.url ?? all) as T;
    if (Array.isArray(value)) return value.map((item) => this.#addressed(item)) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#addressed(item)])) as T;
  }

  // ── requests ───────────────────────────────────────────────────────────────────────────────────────────────────

  #request(step: RequestStep, expect: Expectation): Promise<void> {
    // A signed request has a nonce, so copies are made one by one.
    const bytes = Array.from({ length: copiesOf(step) }, () => this.#bytes(step));
    return this.#send(bytes, step, expect);
  }

  #bytes(step: RequestStep): string {
    const body = step.json === undefined ? (step.body ?? '') : JSON.stringify(step.json);
    const method = step.method ?? (body === '' ? 'GET' : 'POST');
    const path = step.path ?? '/';
    const headers: Fields = {
      host: step.host ?? 'weir.test',
      'x-request-id': `story-${++this.#requests}`,
      ...(step.from && { 'x-forwarded-for': step.from }),
      ...(step.json !== undefined && { 'content-type': 'application/json' }),
    };
    const signature = step.sign && sign(this.#signer(step.sign), { method, path, body, headers: step.headers ?? {} });
    const { chunked = false } = step;
    return requestBytes({ method, path, headers: { ...headers, ...signature, ...step.headers }, body, chunked });
  }

  #signer(by: NonNullable<RequestStep['sign']>): Signer {
    const more = typeof by === 'string' ? { as: by } : by;
    const named = this.#story.signers?.[more.as ?? ''];
    if (more.as !== undefined && !named) throw new Error(`there is no signer ${more.as}`);
    return { ...named, ...more } as Signer;
  }

  async #send(what: string | readonly string[], step: RequestStep, expect: Expectation): Promise<void> {
    const all = typeof what === 'string' ? Array.from({ length: copiesOf(step) }, () => what) : what;
    this.#last = all.at(-1) ?? '';
    const port = Number(new URL(this.#weir.url).port);
    const answers: Answer[] = [];
    const one = async (bytes: string) => {
      const before = this.#seen.length;
      const answer = await exchange(port, bytes);
      answers.push(answer);
      if (step.together === undefined) this.#checkUpstream(expect, this.#seen.slice(before));
      await this.#check(answer, expect, bytes);
    };
    const left = all.values();
    const lane = async () => {
      for (const bytes of left) await one(bytes);
    };
    await Promise.all(Array.from({ length: step.together ?? 1 }, lane));
    checkCounts(answers, expect);
  }

  async #check(answer: Answer, expect: Expectation, bytes: string): Promise<void> {
    const { upstream: _, log, statuses: _s, bodies: _b, ...wanted } = expect;
    agree(differences(answer, { broken: false, ...wanted }, 'reply'), answer);
    const id = /^x-request-id: (.*)\r$/im.exec(bytes)?.[1];
    if (log) await this.#logged({ id, ...log });
  }

  #checkUpstream({ upstream }: Expectation, seen: readonly Seen[]): void {
    if (upstream === undefined) return;
    if (upstream === null) return assert.deepEqual(seen, [], 'an upstream was asked');
    const last = seen.at(-1);
    if (!last) throw new Error('no upstream was asked');
    const { rawHeaders, upstream: name, ...rest } = last;
    const lines = rawHeaders.flatMap((text, i) => (i % 2 === 0 ? `${text}:${rawHeaders[i + 1]}` : []));
    const actual = { ...rest, name, asked: seen.map((request) => request.upstream), headers: fieldsOf(lines) };
    agree(differences(actual, upstream, 'upstream'), actual);
  }

  async #admin(step: { path: string; method?: string; headers?: Fields }, expect: Expectation): Promise<void> {
    const port = Number(new URL(this.#weir.admin).port);
    const headers = { host: '127.0.0.1', ...step.headers };
    const bytes = requestBytes({ method: step.method ?? 'GET', path: step.path, headers, body: '', chunked: false });
    await until(
      async () => {
        const answer = await exchange(port, bytes);
        agree(differences(answer, expect, step.path), answer);
        return true;
      },
      `${step.path} to answer so`,
      PATIENCE,
    ).catch(unwrap);
  }

  // ── edits ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #apply(files: Record<string, Rules>): Promise<void> {
    for (const [name, rules] of Object.entries(files)) this.#weir.write(name, this.#addressed(rules));
    await this.#revisionIs('another');
  }

  /** Writes what must not be taken. `expect.json` is what the status says of the rules then. */
  async #refuse(files: Record<string, Rules>, expect: Expectation): Promise<void> {
    const failed = await this.#weir.metric('weir_reloads_total', { result: 'failed' });
    for (const [name, rules] of Object.entries(files)) this.#weir.write(name, this.#addressed(rules));
    await until(
      async () => (await this.#weir.metric('weir_reloads_total', { result: 'failed' })) > failed,
      'the edit to be refused',
      PATIENCE,
    );
    await this.#holds(() => this.#status(), { revision: this.#revision, rules: { ok: false } }, 'status');
    if (expect.json) await this.#holds(async () => (await this.#status()).rules, expect.json, 'rules');
  }

  #write(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#weir.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.tmp`, this.#addressed(text));
      renameSync(`${file}.tmp`, file);
    }
  }

  #rename(names: Record<string, string>): void {
    const at = (name: string) => join(this.#weir.folder, 'rules', name);
    for (const [from, to] of Object.entries(names)) renameSync(at(from), at(to));
  }

  /** Waits for rules that differ from those of the step before, or asserts that they are the same. */
  async #revisionIs(which: string): Promise<void> {
    const wanted = {
      revision: which === 'another' ? `/^(?!${this.#revision}$)/` : this.#revision,
      rules: { ok: true },
    };
    await this.#holds(() => this.#status(), wanted, 'status');
    this.#revision = (await this.#status()).revision as string;
  }

  #script(scripts: Record<string, Script>): void {
    for (const [name, script] of Object.entries(scripts)) {
      const upstream = this.#upstreams.get(name);
      if (!upstream) throw new Error(`there is no upstream ${name}`);
      upstream.play(script);
    }
  }

  // ── what Weir says ─────────────────────────────────────────────────────────────────────────────────────────────

  async #status(): Promise<Record<string, unknown>> {
    return (await this.#weir.status()) as unknown as Record<string, unknown>;
  }

  /** Waits until it looks as wanted. */
  async #holds(look: () => unknown, wanted: unknown, what: string): Promise<void> {
    await until(
      async () => {
        const actual = await look();
        agree(differences(actual, wanted, what), actual);
        return true;
      },
      `${what} to be as wanted`,
      PATIENCE,
    ).catch(unwrap);
  }

  #metrics(wanted: Record<string, unknown>): Promise<void> {
    const look = async () => {
      const values: Record<string, number> = {};
      for (const series of Object.keys(wanted)) values[series] = await this.#weir.metric(...seriesOf(series));
      return values;
    };
    return this.#holds(look, wanted, 'metrics');
  }

  async #logged(wanted: object): Promise<void> {
    const near = () => this.#weir.records().filter((record) => !('id' in wanted) || record.id === wanted.id);
    await until(
      () => this.#weir.records().some((record) => differences(record, wanted, '').length === 0),
      'a log line',
      PATIENCE,
    ).catch(() => {
      const lines = near()
        .slice(-3)
        .map((record) => JSON.stringify(record));
      throw new Error(`no log line ${JSON.stringify(wanted)}; the nearest:\n${lines.join('\n')}`);
    });
  }

  async #nowhere(texts: readonly string[]): Promise<void> {
    const { admin } = this.#weir;
    const pages = ['/metrics', '/api/v1/status', '/api/v1/config'];
    const shown = await Promise.all(pages.map(async (page) => (await fetch(admin + page)).text()));
    const everything = [this.#weir.log(), ...shown];
    const places = ['the log', ...pages];
    for (const text of texts)
      for (const [i, said] of everything.entries()) assert.ok(!said.includes(text), `"${text}" is in ${places[i]}`);
  }
}

function copiesOf({ times, together }: RequestStep): number {
  return times ?? together ?? 1;
}

function checkCounts(answers: readonly Answer[], expect: Expectation): void {
  const counts = (of: (answer: Answer) => unknown) => {
    const found: Record<string, number> = {};
    for (const answer of answers) found[String(of(answer))] = (found[String(of(answer))] ?? 0) + 1;
    return found;
  };
  const statuses = counts((answer) => answer.status);
  const bodies = counts((answer) => answer.body);
  agree(differences(statuses, expect.statuses ?? {}, 'statuses'), statuses);
  agree(differences(bodies, expect.bodies ?? {}, 'bodies'), bodies);
}

function agree(problems: readonly string[], actual: unknown): void {
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\nin ${JSON.stringify(actual, null, 1)}`);
}

/** The condition's own complaint says more than that it was waited for in vain. */
function unwrap(error: Error): never {
  throw error.cause instanceof Error ? error.cause : error;
}

/** `name{a="b",c="d"}` → name and labels. */
function seriesOf(series: string): [string, Record<string, string>] {
  const brace = series.indexOf('{');
  if (brace < 0) return [series, {}];
  const labels = [...series.slice(brace).matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  return [series.slice(0, brace), Object.fromEntries(labels)];
}
