/** The request's fields as http-proxy takes them. */
import type { OutgoingHttpHeaders } from 'node:http';
import { EXPECT, HOST } from '../../fields/names.ts';
import type { UpstreamRequest } from '../../types/transport.ts';

/**
 * Fields in the form http-proxy copies: an object, so same-named ones come together, the first one's name and place
 * counting: `Host`, then the framing, then the others. Everything is decided here, before `web()`: by the time of its `proxyReq` event the head may be written.
 * It passes on what it is given, hop-by-hop fields too, so they go here even where the exchange should have seen to it. Node adds `Connection`.
 */
export function outgoingHeaders(request: UpstreamRequest, streamed: boolean): OutgoingHttpHeaders {
  const fields = request.headers.copy();
  fields.dropId(EXPECT);
  fields.dropHopByHop();
  const host = fields.find(HOST);
  const list = fields.toPairs();
  if (host > 0) list.unshift(...list.splice(host * 2, 2));
  const headers: OutgoingHttpHeaders = Object.create(null);
  const names: NodeJS.Dict<string> = Object.create(null);
  if (list.length > 0) addField(headers, names, list[0]!, list[1]!);
  addFraming(headers, request, streamed);
  for (let i = 2; i < list.length; i += 2) addField(headers, names, list[i]!, list[i + 1]!);
  return headers;
}

function addFraming(headers: OutgoingHttpHeaders, request: UpstreamRequest, streamed: boolean): void {
  if (request.body !== null && request.body.length > 0) headers['Content-Length'] = String(request.body.length);
  else if (streamed && request.bodyLength > 0) headers['Content-Length'] = String(request.bodyLength);
  else if (streamed) headers['Transfer-Encoding'] = 'chunked';
}

function addField(headers: OutgoingHttpHeaders, names: NodeJS.Dict<string>, field: string, value: string): void {
  const lower = field.toLowerCase();
  const name = names[lower];
  if (name === undefined) {
    names[lower] = field;
    headers[field] = value;
    return;
  }
  const sofar = headers[name];
  if (Array.isArray(sofar)) sofar.push(value);
  else headers[name] = [sofar as string, value];
}
