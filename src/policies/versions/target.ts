/** Where an entry of a version map leads: upstream, and the path there made from the path that was asked for. */
import { type Pattern, paramReader, parsePattern, slashBefore } from '../../match/pattern.ts';

/** What stands on the right of an entry. */
export type RawTarget = string | { readonly upstream: string; readonly path?: string };

/** The right side of an entry in its parts. */
export interface TargetPlan {
  /** Name of an upstream, or '' where the request keeps its own or `url` says where. */
  readonly upstream: string;
  /** `scheme://authority` of a full URL, or ''. */
  readonly url: string;
  /** Path pattern there, or '' where the path stays as it is. */
  readonly path: string;
}

const URL_PARTS = /^(https?:\/\/[^/?#\\\s]+)(.*)$/is;

/** Takes the right side of an entry apart. The path is not checked yet. */
export function parseTarget(raw: RawTarget): TargetPlan {
  if (typeof raw !== 'string') return { upstream: raw.upstream, url: '', path: raw.path ?? '' };
  const match = URL_PARTS.exec(raw);
  return match === null
    ? { upstream: '', url: '', path: raw }
    : { upstream: '', url: match[1]!, path: match[2] === '' ? '/' : match[2]! };
}

/** What is wrong with a target for the entry `key`, or ''. */
export function targetProblem(key: Pattern, target: TargetPlan): string {
  if (target.url !== '' && !isOrigin(target.url)) return `"${target.url}" is not a host that can be asked`;
  if (target.path === '') return '';
  if (target.path.includes('?')) return 'the query is kept from the request, so a target has none';
  const path = parsePattern(target.path);
  if ('problem' in path) return path.problem;
  for (const segment of path.segments) {
    if (segment.kind === 'one') return '"*" has no value to put here: name the segment, ":id", on both sides';
    if (segment.kind === 'rest' && !keepsRest(key))
      return `"**" has nothing to put here: "${key.text}" does not end in it`;
    if (segment.kind === 'param' && paramReader(key.text, segment.name) === null)
      return `":${segment.name}" has no value here: "${key.text}" has no such parameter`;
  }
  return '';
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.hostname !== '' && url.username === '' && url.password === '';
}

function keepsRest(pattern: Pattern): boolean {
  return pattern.segments.at(-1)?.kind === 'rest';
}

/** Makes the function from the path asked for to the upstream's. What `**` stood for in the key is kept. */
export function compileTarget(key: Pattern, path: string): (from: string) => string {
  if (path === '') return (from) => from;
  const parts = targetParts(key, path);
  const head = constantHead(parts);
  if (!keepsRest(key)) return head === null ? (from) => join(parts, from) : () => head;
  const kept = key.segments.length - 1;
  if (head === null) return (from) => withRest(join(parts, from), from, kept);
  return (from) => withRest(head, from, kept);
}

/** Segments of the target with their slashes: texts, and readers of the key's parameters. */
function targetParts(key: Pattern, path: string): readonly (string | ((from: string) => string))[] {
  const parsed = parsePattern(path);
  if ('problem' in parsed) throw new Error(`${path}: ${parsed.problem}`);
  const parts: (string | ((from: string) => string))[] = [];
  parsed.segments.forEach((segment, index) => {
    // The rest brings its own slash.
    const bare =
      segment.kind === 'rest' || (keepsRest(key) && index === parsed.segments.length - 1 && isEmpty(segment));
    if (bare) return;
    parts.push('/');
    if (segment.kind === 'exact') parts.push(segment.text);
    else if (segment.kind === 'param') parts.push(paramReader(key.text, segment.name) ?? '');
  });
  return parts;
}

function isEmpty(segment: Pattern['segments'][number]): boolean {
  return segment.kind === 'exact' && segment.text === '';
}

function constantHead(parts: readonly (string | ((from: string) => string))[]): string | null {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : null;
}

function join(parts: readonly (string | ((from: string) => string))[], from: string): string {
  let path = '';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    path += typeof part === 'string' ? part : part(from);
  }
  return path;
}

/** `kept`: number of the first segment that `**` stands for. */
function withRest(head: string, from: string, kept: number): string {
  const slash = slashBefore(from, kept);
  return (slash < 0 ? head : head + from.slice(slash)) || '/';
}
