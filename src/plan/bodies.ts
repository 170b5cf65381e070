/** Bodies and header fields as replies and tests write them. */
import { isFieldName, isFieldValue } from '../fields/line.ts';
import type { ConfigPath } from '../types/policy.ts';
import type { ProblemList } from './problems.ts';
import { alsoReadAs } from './scalars.ts';
import { keyAt, type SectionEntry, valueAt } from './sections.ts';
import { nodeAt, type Source, type TreeNode } from './source.ts';

export interface RawBody {
  readonly json?: unknown;
  readonly text?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const FORMS = ['json', 'text', 'body'] as const;

/** What a reply cannot say of itself: the connection and the framing are Weir's. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9110 §5.1. */
export const HEADER_NAMES = "names have letters, digits and !#$%&'*+-.^_`|~ only";

/** The body, and the content type that it brings unless the headers have one ('' where none). */
export function resolveBody(
  raw: RawBody,
  entry: SectionEntry,
  at: ConfigPath,
  problems: ProblemList,
): { body: string; type: string } {
  const given = FORMS.filter((form) => raw[form] !== undefined);
  if (given.length > 1) {
    const message = `\`${given.join('` and `')}\` exclude one another`;
    problems.error(keyAt(entry, [...at, given[1]!]), 'several-bodies', message, 'keep one of them');
  }
  const typed = Object.keys(raw.headers ?? {}).some((name) => name.toLowerCase() === 'content-type');
  if (given.includes('json')) checkTexts(nodeAt(entry.node, [...at, 'json']), entry.source, problems);
  if (given[0] === 'json') return { body: JSON.stringify(raw.json), type: typed ? '' : 'application/json' };
  if (given[0] === 'text') return { body: raw.text ?? '', type: typed ? '' : 'text/plain; charset=utf-8' };
  return { body: raw.body ?? '', type: '' };
}

/** Warns of plain texts that whoever wrote them may not take for texts: nothing else looks at what stands in `json`. */
function checkTexts(node: TreeNode, source: Source, problems: ProblemList): void {
  for (const { node: child } of node.entries?.values() ?? []) checkTexts(child, source, problems);
  for (const child of node.items ?? []) checkTexts(child, source, problems);
  const { value, at, end } = node;
  // In quotes it would be written otherwise than it reads.
  if (typeof value !== 'string' || source.text.slice(at, end).trimEnd() !== value) return;
  const other = alsoReadAs(value);
  if (other === '') return;
  const message = `\`${value}\` is a string here, though other parsers read it as ${other}`;
  const write = other === 'a number' ? 'write it in digits alone' : `write ${other}`;
  problems.warning({ source, offset: at }, 'odd-text', message, `${write}, or quote it: "${value}"`);
}

/** Reports names and values that no header field can have. With `framing`, fields of the framing too. */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  entry: SectionEntry,
  at: ConfigPath,
  problems: ProblemList,
  framing = false,
): void {
  for (const [name, value] of Object.entries(headers)) {
    const path = [...at, name];
    if (!isFieldName(name))
      problems.error(keyAt(entry, path), 'bad-header', `\`${name}\` cannot be the name of a header`, HEADER_NAMES);
    else if (framing && FRAMING.has(name.toLowerCase()))
      problems.error(keyAt(entry, path), 'bad-header', `\`${name}\` is set by Weir alone`, 'leave it out');
    if (!isFieldValue(value)) {
      const hint = 'control characters, line breaks and characters beyond Latin-1 cannot be sent';
      problems.error(
        valueAt(entry, path),
        'bad-header',
        `the value of \`${name}\` is not allowed in a header field`,
        hint,
      );
    }
  }
}
