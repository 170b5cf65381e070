/** Server-sent events, as far as a proxy must know them: where one ends, and how to say that a stream broke. */
import { anthropicErrorType, ERRORS, type ErrorCode, errorStatus, type Protocol } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';
import { CONTENT_ENCODING, CONTENT_TYPE } from '../../fields/names.ts';

/** Is this reply an event stream whose bytes can be read as they are? */
export function isEventStream(headers: Fields): boolean {
  const at = headers.find(CONTENT_TYPE);
  return at >= 0 && headers.value(at).startsWith('text/event-stream') && headers.find(CONTENT_ENCODING) < 0;
}

const LF = 0x0a;
const CR = 0x0d;

/** Does the stream stand between two events after `chunk`? (A blank line ends an event; WHATWG HTML §9.2.6.) */
export function endsEvent(chunk: Buffer): boolean {
  const n = chunk.length;
  if (n < 2 || chunk[n - 1] !== LF) return false;
  return chunk[n - 2] === LF || (n >= 4 && chunk[n - 2] === CR && chunk[n - 3] === LF && chunk[n - 4] === CR);
}

/** The event that tells a client its stream broke, in the words of its protocol. */
export function errorEvent(protocol: Protocol, code: ErrorCode, requestId: string): Buffer {
  const { message } = ERRORS[code];
  if (protocol === 'anthropic') {
    const type = anthropicErrorType(errorStatus(code, protocol));
    const body = { type: 'error', error: { type, message }, request_id: requestId };
    return Buffer.from(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
  }
  const error = { message, type: 'server_error', param: null, code };
  return Buffer.from(`event: error\ndata: ${JSON.stringify({ error })}\n\n`);
}
