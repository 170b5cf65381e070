/** The policy kind `headers`: what it does, when, and its options are in README.md beside this file. */
import { checkHeaderEdits } from '../../template/header-check.ts';
import { compileHeaderEdits, type HeaderEdits, isEmptyEdits } from '../../template/header-edits.ts';
import { parseTemplate, templateFacts } from '../../template/template.ts';
import type { Env, Exchange, Hooks, PolicyKind, ResolveContext, TemplateUse } from '../../types/policy.ts';

/** What stands under `headers:`. */
export interface RawHeaders {
  readonly request?: Partial<HeaderEdits>;
  readonly response?: Partial<HeaderEdits>;
}

export interface HeadersConfig {
  /** Made once, on the way in. */
  readonly admit: HeaderEdits;
  /** Made at every attempt, because they need to know the endpoint. */
  readonly attempt: HeaderEdits;
  readonly reply: HeaderEdits;
}

type Operation = 'set' | 'add' | 'default';

const OPERATIONS: readonly Operation[] = ['default', 'set', 'add'];

const fields = (description: string) => ({ type: 'object', description, additionalProperties: { type: 'string' } });

const edits = (description: string) => ({
  type: 'object',
  description,
  additionalProperties: false,
  properties: {
    set: fields('Name → value; replaces every field of the name.'),
    add: fields('Name → value; comes on top of what is there.'),
    default: fields('Name → value; only where there is no such field.'),
    remove: {
      type: 'array',
      description: 'Names, or globs such as `x-internal-*`; done before the other edits.',
      items: { type: 'string', public: true, minLength: 1 },
    },
  },
});

export const headers: PolicyKind<RawHeaders, HeadersConfig> = {
  kind: 'headers',
  summary: 'Sets, adds, defaults and removes header fields of requests and replies.',
  schema: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      request: edits('Fields on their way upstream.'),
      response: edits('Fields on their way to the client, on every reply of the route, errors of Weir included.'),
    },
  },
  resolve,
  templates: (config) => [
    ...templateUses(config.admit, 'request', 'admit'),
    ...templateUses(config.attempt, 'request', 'attempt'),
    ...templateUses(config.reply, 'response', 'reply'),
  ],
  compile,
};

function resolve(raw: RawHeaders, context: ResolveContext): HeadersConfig {
  const request = complete(raw.request);
  const reply = complete(raw.response);
  checkHeaderEdits(request, 'request', (at, ...rest) => context.problem(['request', ...at], ...rest));
  checkHeaderEdits(reply, 'response', (at, ...rest) => context.problem(['response', ...at], ...rest));
  const late = lateNames(request);
  return {
    admit: { ...pick(request, (name) => !late.has(name)), remove: request.remove },
    attempt: { ...pick(request, (name) => late.has(name)), remove: [] },
    reply,
  };
}

function complete(raw: Partial<HeaderEdits> = {}): HeaderEdits {
  return { set: raw.set ?? {}, add: raw.add ?? {}, default: raw.default ?? {}, remove: raw.remove ?? [] };
}

/**
 * Fields (lower case) that can only be made once the endpoint is known: those that read `upstream.*`, and `Host`, which
 * the endpoint brings along. All edits of one field stay together, so that their order holds.
 */
function lateNames(request: HeaderEdits): ReadonlySet<string> {
  const late = new Set<string>();
  for (const operation of OPERATIONS)
    for (const [name, text] of Object.entries(request[operation]))
      if (name.toLowerCase() === 'host' || readsUpstream(text)) late.add(name.toLowerCase());
  return late;
}

function readsUpstream(text: string): boolean {
  const template = parseTemplate(text);
  return !('problem' in template) && templateFacts(template).some((fact) => fact.startsWith('upstream.'));
}

function pick(request: HeaderEdits, keep: (lower: string) => boolean): Pick<HeaderEdits, Operation> {
  const some = (map: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(map).filter(([name]) => keep(name.toLowerCase())));
  return { set: some(request.set), add: some(request.add), default: some(request.default) };
}

function templateUses(
  from: HeaderEdits,
  direction: 'request' | 'response',
  phase: TemplateUse['phase'],
): readonly TemplateUse[] {
  return OPERATIONS.flatMap((operation) =>
    Object.entries(from[operation]).map(([name, text]) => ({ at: [direction, operation, name], text, phase })),
  );
}

function compile(config: HeadersConfig, env: Env): Hooks {
  const hooks: Hooks = {};
  const reader = (fact: string) => env.fact(fact);
  if (!isEmptyEdits(config.admit)) {
    const edit = compileHeaderEdits<Exchange>(config.admit, reader);
    hooks.admit = (x) => void edit(x, x.headers);
  }
  if (!isEmptyEdits(config.attempt)) {
    const edit = compileHeaderEdits<Exchange>(config.attempt, reader);
    hooks.attempt = (x, attempt) => void edit(x, attempt.headers);
  }
  if (!isEmptyEdits(config.reply)) {
    const edit = compileHeaderEdits<Exchange>(config.reply, reader);
    hooks.reply = (x, reply) => void edit(x, reply.headers);
  }
  return hooks;
}
