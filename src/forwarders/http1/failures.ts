/** How an attempt on a connection of our own can fail, as the exchange is told. */
import { RULES, type RuleCode } from '../../http1/rules.ts';
import type { Failure } from '../../types/transport.ts';

/** The connection ended or broke (`error`) before the reply was whole. */
export function lossFailure(error: Error | null, headSeen: boolean, sent: boolean): Failure {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const detail = error ? `${code ?? error.name}: ${error.message}` : 'the upstream closed the connection';
  return { reason: headSeen ? 'truncated' : 'reset', detail, sent };
}

/** The reply breaks a rule. Ending too early is one of them. */
export function faultFailure(code: RuleCode, headSeen: boolean): Failure {
  const detail = `${code}: ${RULES[code].text}`;
  if (code !== 'truncated') return { reason: 'protocol', detail, sent: true };
  return { reason: headSeen ? 'truncated' : 'reset', detail, sent: true };
}

/** Something did not happen in time. */
export function lateFailure(detail: string): Failure {
  return { reason: 'timeout', detail, sent: true };
}
