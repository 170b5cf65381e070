/** Is a 101 the answer to the upgrade that was asked for? Pure. */
import { createHash } from 'node:crypto';
import type { Fields } from '../../fields/fields.ts';
import { CONNECTION } from '../../fields/names.ts';

/** RFC 6455 §1.3: what a WebSocket server puts behind the client's key, to show that it understood. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Why a 101 with the fields `received` does not accept an upgrade to `protocol` (lower case) that the fields `sent` asked
 * for; '' where it does. It names that protocol and no other (RFC 9110 §7.8, §15.2.2). A WebSocket's also proves that the
 * key was read (RFC 6455 §4.1): without that a server that can be talked into the status 101, by its path or query say,
 * would open a tunnel through which nothing is checked any more.
 */
export function upgradeFault(protocol: string, sent: Fields, received: Fields): string {
  if (!namesUpgrade(received)) return 'a 101 whose Connection does not name the upgrade';
  if (single(received, 'upgrade')?.toLowerCase() !== protocol) return 'a 101 for another protocol';
  if (protocol !== 'websocket') return '';
  const key = single(sent, 'sec-websocket-key');
  if (key === undefined) return 'a 101 although no key was sent';
  return single(received, 'sec-websocket-accept') === acceptFor(key) ? '' : 'a 101 without the accept of its key';
}

/** `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 §4.2.2). */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key.trim() + WEBSOCKET_GUID, 'latin1')
    .digest('base64');
}

/** Value of a field that stands exactly once. */
function single(fields: Fields, name: string): string | undefined {
  return fields.countOf(name) === 1 ? fields.get(name) : undefined;
}

function namesUpgrade(fields: Fields): boolean {
  for (let i = fields.find(CONNECTION); i >= 0; i = fields.find(CONNECTION, i + 1)) {
    for (const option of fields.value(i).split(',')) if (option.trim().toLowerCase() === 'upgrade') return true;
  }
  return false;
}
