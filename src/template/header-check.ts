/** What is wrong with header edits, in words for whoever wrote them. */
import { isFieldName, isFieldValue } from '../fields/line.ts';
import { isHost } from '../http1/target.ts';
import { type HeaderEdits, isFraming, isSettableName } from './header-edits.ts';
import { constantText, parseTemplate } from './template.ts';

/** Same as `ResolveContext.problem`: a place within the edits, a stable code, a sentence, what to do. */
export type ReportEdit = (at: readonly (string | number)[], code: string, message: string, hint?: string) => void;

const OPERATIONS = ['set', 'add', 'default'] as const;

/**
 * Reports every problem of `edits`. Framing and hop-by-hop fields can be neither made nor removed. On requests the same
 * holds for `expect` (the edge has answered it, and a forwarder would wait for an answer that never comes), and `host`
 * can be set, to a host, but not added, defaulted or removed: a request has exactly one (RFC 9112 §3.2).
 */
export function checkHeaderEdits(edits: HeaderEdits, direction: 'request' | 'response', report: ReportEdit): void {
  for (const operation of OPERATIONS) {
    const seen = new Map<string, string>();
    for (const [name, text] of Object.entries(edits[operation])) {
      const lower = name.toLowerCase();
      const earlier = seen.get(lower);
      if (earlier !== undefined)
        report(
          [operation, name],
          'header-duplicate',
          `"${name}" and "${earlier}" are the same field`,
          'keep one of them',
        );
      seen.set(lower, name);
      checkName(operation, name, direction, report);
      checkValue(operation, name, text, direction, report);
    }
  }
  checkRemovals(edits, direction, report);
  checkEffect(edits, report);
}

function checkName(
  operation: (typeof OPERATIONS)[number],
  name: string,
  direction: 'request' | 'response',
  report: ReportEdit,
): void {
  const at = [operation, name];
  if (!isSettableName(name)) {
    report(
      at,
      'header-name',
      `"${name}" is not a header name`,
      'letters, digits, "-" and "_"; "*" only under "remove"',
    );
    return;
  }
  const lower = name.toLowerCase();
  if (isReserved(lower, direction))
    report(
      at,
      'header-reserved',
      `"${name}" belongs to the connection, not to rules: it cannot be made here`,
      'leave it out',
    );
  else if (direction === 'request' && lower === 'host' && operation !== 'set')
    report(at, 'header-reserved', 'a request has exactly one Host', 'put it under "set"');
}

function checkValue(
  operation: string,
  name: string,
  text: string,
  direction: 'request' | 'response',
  report: ReportEdit,
): void {
  const template = parseTemplate(text);
  if ('problem' in template) {
    report([operation, name], 'template-syntax', template.problem, 'write $${ for a literal ${');
    return;
  }
  const constant = constantText(template);
  if (constant === '') report([operation, name], 'header-empty', 'an empty value sends no field', 'use "remove"');
  else if (constant !== undefined && direction === 'request' && name.toLowerCase() === 'host' && !isHost(constant))
    report([operation, name], 'header-value', 'this is no host', 'write it like api.example.com or [::1]:8080');
  for (const part of template.parts)
    if (typeof part === 'string' && !isFieldValue(part)) {
      const message =
        'no header field can hold this value: it has a line break, a control or a character beyond Latin-1';
      report([operation, name], 'header-value', message, 'percent-encode it, or use base64');
      return;
    }
}

function checkRemovals(edits: HeaderEdits, direction: 'request' | 'response', report: ReportEdit): void {
  edits.remove.forEach((pattern, index) => {
    const lower = pattern.toLowerCase();
    // "*" is a character that names can have, so a glob is a name too.
    if (!isFieldName(pattern))
      report(
        ['remove', index],
        'header-name',
        `"${pattern}" is not a header name or glob`,
        'write it like x-debug or x-internal-*',
      );
    else if (isReserved(lower, direction) || (direction === 'request' && lower === 'host'))
      report(
        ['remove', index],
        'header-reserved',
        `"${pattern}" belongs to the connection: rules cannot remove it`,
        'leave it out',
      );
  });
}

function isReserved(lower: string, direction: 'request' | 'response'): boolean {
  return isFraming(lower) || (direction === 'request' && lower === 'expect');
}

/** A default beside a set of the same field never does anything. */
function checkEffect(edits: HeaderEdits, report: ReportEdit): void {
  const set = new Set(Object.keys(edits.set).map((name) => name.toLowerCase()));
  for (const name of Object.keys(edits.default))
    if (set.has(name.toLowerCase()))
      report(
        ['default', name],
        'header-no-effect',
        `"${name}" is always set, so it never needs a default`,
        'keep one of them',
      );
}
