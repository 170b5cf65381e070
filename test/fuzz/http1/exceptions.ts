/**
 * Where Node's parser is not an oracle: it refuses or changes what is right, for reasons of its own. Each exception
 * says which messages it is about, and what is still compared.
 */
import { Fields } from '../../../src/fields/fields.ts';
import { CONNECTION, UPGRADE } from '../../../src/fields/names.ts';
import type { Message } from '../../../src/testing/http1/trace.ts';

/**
 * Behind a request that offers an upgrade, Node's HTTP server loses what came in the same read where nobody listens to
 * `upgrade`: llhttp stops there for the new protocol, and the server never starts it again. RFC 9110 §7.8 lets a server
 * ignore the offer, and then the connection goes on in HTTP/1.1. Requests up to and with the offer are compared.
 */
export function nodeStopsBehind({ headers }: Message): boolean {
  const fields = Fields.sendable(headers);
  if (fields.find(UPGRADE) < 0) return false;
  for (let i = fields.find(CONNECTION); i >= 0; i = fields.find(CONNECTION, i + 1))
    if (/(^|[\s,])upgrade([\s,]|$)/i.test(fields.value(i))) return true;
  return false;
}

/**
 * Node's client takes every reply to CONNECT for the beginning of a tunnel, a 100 and a 404 too (documented at its event
 * `connect`). RFC 9110 §9.3.6: only a 2xx is one, and another final reply has a body like any. Only those are compared.
 */
export function nodeTunnels(asked: string | null, informed: readonly Message[], message: Message | undefined): boolean {
  return asked === 'CONNECT' && (informed.length > 0 || message === undefined || message.start >= '300');
}
