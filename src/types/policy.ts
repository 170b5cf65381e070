/**
 * What a policy is and what it sees: the contract between the core and `policies/<kind>/`. The core never asks which
 * kind a policy is; everything a kind needs comes in through {@link Env}.
 */
import type { ErrorCode, Protocol } from '../errors.ts';
import type { Fields, Pairs } from '../fields/fields.ts';
import type { EndpointPlan } from './plan.ts';
import type { Store } from './store.ts';

/** One request, as policies see it. The only mutable thing on the path; nothing of it outlives `end`. */
export interface Exchange {
  /** Request id: taken from a trusted proxy's `x-request-id`, else made here. */
  readonly id: string;
  readonly route: string;
  readonly revision: string;
  readonly protocol: Protocol;
  /** Milliseconds since the epoch, when the head arrived. */
  readonly arrivedAt: number;
  readonly method: string;
  /** In normal form, without the port; '' where the request has none (HTTP/1.0). */
  readonly host: string;
  /** `host`, with the port where it is not the scheme's own, as `@authority` of RFC 9421 §2.2.3. */
  readonly authority: string;
  /** Normal form: what routes match and version maps read. */
  readonly path: string;
  /** With its `?`, or ''. */
  readonly query: string;
  /** The request's header fields, on their way upstream: `admit` hooks edit this list in place. */
  readonly headers: Fields;
  /**
   * The whole body where the route buffers it (a policy `needsBody`); else null, and from the head of the reply on.
   * `admit` hooks may replace it.
   */
  body: Buffer | null;
  readonly client: Client;
  /** What the upstream is asked for, without the query; starts as `path`. `admit` and `attempt` hooks may change it. */
  upstreamPath: string;
  /** Name of the upstream; `admit` hooks may change it to one their kind declared in `upstreams`. */
  upstream: string;
  /** The endpoint of the current or last attempt. */
  readonly endpoint: EndpointPlan | null;
  /** Fact values by slot; '' where not set. Use {@link Env.fact} and {@link Env.provide}. */
  readonly facts: string[];
  /** Makes the answer for a row of the error table, in the shape of this route. `headers` come on top. */
  error(code: ErrorCode, headers?: Pairs): Reply;
}

export interface Client {
  /** Canonical text; v4-mapped addresses as v4. */
  readonly address: string;
  /** ISO 3166-1 alpha-2, or '' where unknown. */
  readonly country: string;
  /** AF AN AS EU NA OC SA, or ''. */
  readonly continent: string;
  /** Name of the region the client belongs to, or ''. */
  readonly region: string;
}

/** An answer: from upstream (body streams behind it), or made by Weir (body is here, whole). */
export interface Reply {
  status: number;
  readonly headers: Fields;
  /** null where the upstream's body follows. */
  body: string | Buffer | null;
  /** Row of the error table, or '' where this is no error of Weir's own. */
  readonly code: ErrorCode | '';
}

/** One try at one endpoint. `headers` and `path` are this try's own: what is edited here does not reach the next try. */
export interface Attempt {
  readonly endpoint: EndpointPlan;
  /** 1 for the first. */
  readonly number: number;
  readonly headers: Fields;
  path: string;
  /** Set when the attempt has ended. */
  result: AttemptResult | null;
  /** Runs `undo` if this attempt is given up before it is sent, because a later hook skipped it. */
  defer(undo: () => void): void;
}

export interface AttemptResult {
  readonly status: number;
  /** '' where the upstream's reply came through whole. */
  readonly code: ErrorCode | '' | 'TRUNCATED';
  /** The client left before the end: says nothing about the endpoint. */
  readonly aborted: boolean;
  /** Milliseconds from sending to the head of the reply; -1 where none came. */
  readonly firstByte: number;
}

/** All optional; synchronous unless they return a promise. */
export interface Hooks {
  admit?(x: Exchange): Reply | undefined | Promise<Reply | undefined>;
  choose?(x: Exchange, from: readonly EndpointPlan[]): readonly EndpointPlan[];
  attempt?(x: Exchange, a: Attempt): undefined | 'skip';
  outcome?(x: Exchange, a: Attempt): void;
  /** Runs last policy first, for every policy whose `admit` was entered. Edits `reply` in place or gives another. */
  reply?(x: Exchange, reply: Reply): Reply | undefined | Promise<Reply | undefined>;
  end?(x: Exchange): void;
}

/** Reads a fact of an exchange; '' where it is not set. */
export type FactReader = (x: Exchange) => string;

/** What a policy instance is given to work with. */
export interface Env {
  /** Name of the policy instance. */
  readonly name: string;
  /** Number of the thread, for locks in shared memory. */
  readonly thread: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** 0 ≤ n < 1 */
  random(): number;
  readonly store: Store;
  /**
   * Memory shared by all threads, adopted across reloads by `identity`; zeroed when new. Put into the identity what
   * changes the state's meaning (key, window), never its limits.
   */
  zone(identity: string, bytes: number): SharedArrayBuffer;
  /** State of this thread, adopted across reloads by `identity`. */
  state<S extends object>(identity: string, create: () => S): S;
  /** Reader of a built-in fact or of one that a policy of this rule set provides. Checked before: an unknown name throws. */
  fact(name: string): FactReader;
  /** Setter of a fact that this kind lists in `provides`. */
  provide(name: string): (x: Exchange, value: string) => void;
  /** A counter: add to `value` on the hot path. Labels become Prometheus labels beside `policy`. */
  counter(family: string, labels?: Readonly<Record<string, string>>): { value: number };
  readonly log: Log;
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where in a policy's config something stands: keys and indices from the value under the kind's name. */
export type ConfigPath = readonly (string | number)[];

export interface ResolveContext {
  /** Reports a problem at a place in the config. `code` is kebab-case and stable. */
  problem(at: ConfigPath, code: string, message: string, hint?: string): void;
  /** Folder of the main config file; relative paths in rules start at the file they stand in. */
  resolvePath(path: string): string;
  /** Fields, in lower case, that reach policies by the config's `passHeaders` although they are dropped by default. */
  readonly passHeaders?: readonly string[];
}

/** A text with `${facts}` in a policy's config, for the checks that need to see them all. */
export interface TemplateUse {
  readonly at: ConfigPath;
  readonly text: string;
  /** `admit`: needs facts set before this policy. `attempt`: endpoint facts too. `reply`: any fact of the route. */
  readonly phase: 'admit' | 'attempt' | 'reply';
}

/** A file that a policy reads while it runs. */
export interface PolicyFile {
  /** Absolute path. */
  readonly path: string;
  readonly at: ConfigPath;
  /** A larger one cannot be used. */
  readonly maxBytes: number;
  /** Throws where the text cannot be used: an error whose message follows the file's name, as in `is not JSON`. */
  verify(text: string): void;
}

/** A kind of policy: one folder under `policies/`, one line in `policies/index.ts`. */
// biome-ignore lint/suspicious/noExplicitAny: the list of kinds holds kinds of different config types
export interface PolicyKind<Raw = any, C = any> {
  readonly kind: string;
  /** One sentence for docs and editors. */
  readonly summary: string;
  /** Draft-07 schema of what stands under the kind's key. */
  readonly schema: object;
  /** Turns units into numbers and names into values. Pure; reports every problem it finds, then does its best. */
  resolve(raw: Raw, context: ResolveContext): C;
  /** Names of the facts that this instance sets. */
  provides?(config: C): readonly string[];
  templates?(config: C): readonly TemplateUse[];
  /** Longest time in ms for which a request takes an entry of the store's nonces; 0 where it takes none. */
  remembers?(config: C): number;
  /** Must the request's body be buffered before `admit`? */
  needsBody?(config: C): boolean;
  /** Upstreams that `admit` may choose, by name, and where each name stands. */
  upstreams?(config: C): readonly { readonly name: string; readonly at: ConfigPath }[];
  /** Upstreams that exist only because this instance names a URL: name (unique) → URL. */
  urls?(config: C, policy: string): readonly { readonly name: string; readonly url: string; readonly at: ConfigPath }[];
  /** Files that the policy cannot do without. A start tries them all; while it runs the policy reads them itself. */
  files?(config: C): readonly PolicyFile[];
  compile(config: C, env: Env): Hooks;
}
