/** Answers to what never became a request. */
import { ALLOW_USUAL, ERRORS, type ErrorCode, errorBody } from '../../errors.ts';
import { Fields, type Pairs } from '../../fields/fields.ts';
import { RULES, type RuleCode } from '../../http1/rules.ts';
import { responseHead } from '../../http1/write.ts';

const FIELDS = ['content-type', 'application/problem+json', 'cache-control', 'no-store'];

/** Rows of the error table by the status of a rule; the others share the row of what is malformed. */
const ROWS: Readonly<Record<number, ErrorCode>> = {
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  417: 'EXPECTATION_FAILED',
  431: 'HEADERS_TOO_LARGE',
  501: 'NOT_IMPLEMENTED',
  505: 'VERSION_NOT_SUPPORTED',
};

/** A whole reply, as latin1 text, that says which rule of the codec was broken. The connection ends with it. */
export function ruleRefusal(rule: RuleCode, date: string): string {
  const { status, text } = RULES[rule];
  return refusal(status, ROWS[status] ?? 'BAD_REQUEST', text, date);
}

/** A whole reply, as latin1 text, of a row of the error table. The connection ends with it. */
export function rowRefusal(code: ErrorCode, date: string): string {
  const { status, message } = ERRORS[code];
  return refusal(status, code, message, date, code === 'METHOD_NOT_ALLOWED' ? ALLOW_USUAL : []);
}

function refusal(status: number, code: ErrorCode, message: string, date: string, more: Pairs = []): string {
  const body = errorBody('generic', status, code, message, '');
  return responseHead(status, Fields.from([...FIELDS, ...more]), body.length, 'close', date) + body;
}
