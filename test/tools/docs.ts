/**
 * The tables in docs/ that say what the code says: every key with its default, every error, every metric. They stand
 * between `<!-- table NAME -->` and `<!-- end -->` and are written by `node test/tools/docs.ts --write`; a test fails
 * where they are out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FAMILIES } from '../../src/control/families.ts';
import { ERRORS, type ErrorRow } from '../../src/errors.ts';
import { PROBLEM_CODES, START_PROBLEM_CODES } from '../../src/plan/codes.ts';
import { BUILT_IN_FACTS } from '../../src/plan/facts.ts';
import { CONFIG } from '../../src/plan/schema/config.ts';
import { REGION } from '../../src/plan/schema/regions.ts';
import { ROUTE } from '../../src/plan/schema/routes.ts';
import { TEST } from '../../src/plan/schema/tests.ts';
import { ENDPOINT, UPSTREAM } from '../../src/plan/schema/upstreams.ts';
import { KINDS } from '../../src/policies/index.ts';

/** As much of JSON Schema as the tables need. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** The pages with tables in them. */
export const PAGES = ['docs/rules.md', 'docs/operating.md'] as const;

const START = /<!-- table (\S+) -->\n/g;
const END = '<!-- end -->';

/** The text of `page` with every table as the code has it now. Throws on a table nobody knows. */
export function renderPage(page: string): string {
  return page.replaceAll(/(<!-- table (\S+) -->\n)[\s\S]*?<!-- end -->/g, (_all, start: string, name: string) => {
    return `${start}${tableOf(name)}\n${END}`;
  });
}

/** Names of the tables on `page`. */
export function tablesOf(page: string): string[] {
  return [...page.matchAll(START)].map((match) => match[1]!);
}

/** Names of all tables there are: each must stand on a page. */
export function allTables(): string[] {
  return [...Object.keys(TABLES), ...KINDS.map(({ kind }) => `policy:${kind}`)];
}

const TABLES: Readonly<Record<string, () => string>> = {
  region: () => keyTable(REGION as Schema),
  upstream: () => keyTable(UPSTREAM as Schema),
  endpoint: () => keyTable(ENDPOINT as Schema),
  route: () => keyTable(ROUTE as Schema),
  test: () => keyTable(TEST as Schema),
  config: () => keyTable(CONFIG as Schema),
  errors: errorTable,
  problems: problemTable,
  facts: factTable,
  metrics: metricTable,
};

function tableOf(name: string): string {
  const kind = KINDS.find((one) => `policy:${one.kind}` === name);
  if (kind) return keyTable(kind.schema as Schema);
  if (!Object.hasOwn(TABLES, name)) throw new Error(`there is no table ${name}`);
  return TABLES[name]!();
}

function keyTable(schema: Schema): string {
  return table(['key', 'default', 'meaning'], keyRows(schema, ''));
}

function keyRows(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    const needed = schema.required?.includes(name) ?? false;
    return [[`\`${key}\``, defaultText(child, needed), meaningText(child)], ...innerRows(child, key)];
  });
}

function innerRows(schema: Schema, key: string): string[][] {
  const inner = schema.anyOf?.find((one) => one.properties) ?? schema;
  return inner.items?.properties ? keyRows(inner.items, `${key}[].`) : keyRows(inner, `${key}.`);
}

function defaultText(schema: Schema, needed: boolean): string {
  if (needed) return 'needed';
  if (schema.default === undefined) return '';
  const { default: value } = schema;
  return `\`${typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ').replaceAll('"', '')}\``;
}

function meaningText(schema: Schema): string {
  const choices = schema.enum ?? schema.items?.enum;
  const text = schema.description ?? '';
  if (!choices || choices.length > 8) return text;
  return `${text} ${choices.map((choice) => `\`${choice}\``).join(', ')}`.trim();
}

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, row]: [string, ErrorRow]) => [
    `\`${code}\``,
    row.anthropicStatus ? `${row.status}, anthropic ${row.anthropicStatus}` : String(row.status),
    row.message,
    yes(row.breaker),
    yes(row.retryable),
    yes(row.close ?? false),
  ]);
  return table(['code', 'status', 'message', 'counts for the breaker', 'worth a retry', 'closes'], rows);
}

function problemTable(): string {
  return table(
    ['code', 'meaning'],
    Object.entries({ ...PROBLEM_CODES, ...START_PROBLEM_CODES }).map(([code, meaning]) => [`\`${code}\``, meaning]),
  );
}

const KNOWN: Readonly<Record<string, string>> = {
  admit: 'everywhere',
  attempt: 'at each attempt and in replies',
  reply: 'in replies',
};

function factTable(): string {
  const rows = BUILT_IN_FACTS.map(({ name, phases, description }) => [`\`${name}\``, KNOWN[phases[0]!]!, description]);
  return table(['fact', 'known', 'is'], rows);
}

function metricTable(): string {
  const rows = Object.entries(FAMILIES).map(([name, { type, help, labels }]) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return table(['metric', 'type', 'labels', 'meaning'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const yes = (value: boolean): string => (value ? 'yes' : '');

/** Absolute path of a page. */
export function pageFile(page: string): string {
  return fileURLToPath(new URL(`../../${page}`, import.meta.url));
}

if (process.argv.includes('--write') && import.meta.main) {
  for (const page of PAGES) writeFileSync(pageFile(page), renderPage(readFileSync(pageFile(page), 'utf8')));
}
