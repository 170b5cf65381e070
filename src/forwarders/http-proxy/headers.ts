/** The request's fields as http-proxy takes them. */
import type { OutgoingHttpHeaders } from 'node:http';
import { type HeaderList, removeHopByHop } from '../../headers.ts';
import type { UpstreamRequest } from '../../types/transport.ts';
import { withoutExpect } from '../raw-headers.ts';

/**
 * Fields in the form http-proxy copies: an object, so same-named ones come together, the first one's name and place
 * counting. Everything is decided here, before `web()`: by the time of its `proxyReq` event the head may be written.
 * It passes on what it is given, hop-by-hop fields too, so they go here even where the exchange should have seen to it.
 */
export function outgoingHeaders(request: UpstreamRequest, streamed: boolean): OutgoingHttpHeaders {
  const list: HeaderList = withoutExpect(request.headers).slice();
  removeHopByHop(list);
  const headers: OutgoingHttpHeaders = Object.create(null);
  const names: NodeJS.Dict<string> = Object.create(null);
  for (let i = 0; i < list.length; i += 2) addField(headers, names, list[i], list[i + 1]);
  if (request.body !== null && request.body.length > 0) headers['Content-Length'] = String(request.body.length);
  else if (streamed && request.bodyLength > 0) headers['Content-Length'] = String(request.bodyLength);
  else if (streamed) headers['Transfer-Encoding'] = 'chunked';
  return headers;
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
