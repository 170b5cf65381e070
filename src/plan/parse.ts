/** YAML text → {@link Source}: one parse, its syntax errors as problems, and the traps of YAML refused on the way. */
import { type Document, isScalar, type ParsedNode, parseDocument, type YAMLError } from 'yaml';
import type { Environment } from './environment.ts';
import type { ProblemList } from './problems.ts';
import { Source } from './source.ts';
import { buildTree, reportTooDeep } from './tree.ts';

/** Bytes. Larger files are not parsed: the parser needs about a second for each megabyte. */
export const MAX_FILE_SIZE = 2 * 1024 ** 2;

const MOST_SYNTAX_ERRORS = 10;

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'check the indentation and the brackets above',
  BLOCK_AS_IMPLICIT_KEY: 'check the indentation, and quote a value that holds `: `',
  MULTILINE_IMPLICIT_KEY: 'is a `:` missing here?',
  MULTIPLE_DOCS: 'use one file for each document',
  TAG_RESOLVE_FAILED: 'quote a value that begins with `!`',
  MISSING_CHAR: 'something is not closed; the file may be half written',
  BAD_SCALAR_START: 'quote the value',
  BAD_ALIAS: 'quote it if `*` is meant',
  BAD_DQ_ESCAPE: 'write \\\\ for a backslash, or use single quotes',
  BLOCK_IN_FLOW: 'is a comma or a bracket missing before it?',
  BAD_DIRECTIVE: 'remove the line that begins with %',
};

/** Where the parser's words are all there is. */
const HINT = 'look at this line and the one above; a string with : # { } [ ] , & * ? | > @ ` or % in it must be quoted';

/** Parses `text`. The source's root is null where the file is empty or its syntax is wrong, which is then a problem. */
export function parseSource(file: string, text: string, env: Environment, problems: ProblemList): Source {
  const source = new Source(file, text);
  if (Buffer.byteLength(text) > MAX_FILE_SIZE) {
    const hint = 'split it into several files';
    problems.fileError(file, 'file-too-large', `the file has more than ${MAX_FILE_SIZE / 1024 ** 2} MiB`, hint);
    source.lossy = true;
    return source;
  }
  const document = parse(source, problems);
  if (!document || reportSyntax(document, source, problems)) {
    source.lossy = true;
    return source;
  }
  if (isBlank(document.contents)) {
    source.lossy = true;
    const hint = 'delete the file if it is not needed; or is it still being written?';
    problems.fileError(file, 'empty-file', 'the file is empty', hint);
    return source;
  }
  source.root = buildTree(document.contents as ParsedNode, source, env, problems);
  return source;
}

/** Nothing but comments, blank lines and document markers. (A written `~` or `null` has a source.) */
function isBlank(contents: ParsedNode | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === null && !contents.source);
}

/**
 * `uniqueKeys` of the parser is quadratic (over ten seconds for 200,000 keys) and names one place only, so duplicates
 * are found in {@link buildTree}.
 */
function parse(source: Source, problems: ProblemList): Document.Parsed<ParsedNode> | null {
  try {
    return parseDocument(source.text, {
      prettyErrors: false,
      uniqueKeys: false,
      merge: false,
      // `silent` would let a second document pass without a word.
      logLevel: 'error',
    });
  } catch (error) {
    const message = `the parser gave up: ${(error as Error).message}`;
    problems.fileError(source.file, 'syntax', message, 'look for what is unusual in this file');
    return null;
  }
}

/**
 * True where there were errors. One for each line, and not more than anybody reads. What the parser finds outside every
 * document after an error follows from it: it has lost its place, and would count every line of the rest.
 */
function reportSyntax(document: Document.Parsed<ParsedNode>, source: Source, problems: ProblemList): boolean {
  const { explicit, version } = document.directives.yaml;
  const isOld = explicit === true && version !== '1.2';
  if (isOld) {
    const message = `Weir reads YAML 1.2, not ${version}`;
    problems.error({ source, offset: 0 }, 'syntax', message, 'remove the %YAML line');
  }
  const lines = new Set<number>();
  // Tags are judged where values are, in `buildTree`.
  const warnings = document.warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  const errors: YAMLError[] = [...document.errors, ...warnings];
  for (const error of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = source.place(error.pos[0]);
    if (lines.size === MOST_SYNTAX_ERRORS || lines.has(line) || (lines.size > 0 && isOutside(error))) continue;
    lines.add(line);
    if (isStackOverflow(error)) {
      reportTooDeep(source, error.pos[0], problems);
      continue;
    }
    problems.error({ source, offset: error.pos[0] }, 'syntax', syntaxMessage(error), syntaxHint(error, source.text));
  }
  return errors.length > 0 || isOld;
}

function isOutside({ code, message }: YAMLError): boolean {
  return code === 'UNEXPECTED_TOKEN' && message.includes('in YAML stream');
}

/** `{ key: ${env:NAME} }`: between braces the second one begins a map. */
function syntaxHint({ code, pos: [at] }: YAMLError, text: string): string {
  if (text.startsWith('${', at - 1)) return 'quote a string with ${…} inside { } or [ ]: "${env:NAME}"';
  return HINTS[code] ?? HINT;
}

/** The parser is recursive: brackets nested by the thousand overflow its stack, which it says in the engine's words. */
function isStackOverflow({ message }: YAMLError): boolean {
  return message.includes('call stack');
}

/** The parser's words, without the text of the file that some of them end with: a secret may be written out there. */
function syntaxMessage({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'the file holds more than one YAML document';
  return QUOTING.has(code) ? message.replace(/: .*/s, '') : message;
}

const QUOTING: ReadonlySet<YAMLError['code']> = new Set(['UNEXPECTED_TOKEN', 'TAG_RESOLVE_FAILED', 'BAD_DQ_ESCAPE']);
