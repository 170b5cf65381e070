/** URLs of endpoints, taken apart once so that nothing parses them per request. */
import type { EndpointPlan } from '../types/plan.ts';

export type UrlParts = Pick<EndpointPlan, 'url' | 'origin' | 'secure' | 'hostname' | 'port' | 'authority' | 'basePath'>;

/** The parts of an endpoint URL, or what is wrong with it. */
export function parseEndpointUrl(text: string): UrlParts | { readonly problem: string; readonly hint: string } {
  const url = URL.parse(text);
  if (!url || !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /[\s\\]/.test(text))
    // The text may come from the environment, so it is not told.
    return { problem: 'this is not a URL', hint: 'write it like http://127.0.0.1:9101' };
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { problem: `\`${url.protocol}//\` is not supported`, hint: 'use http:// or https://' };
  if (url.username !== '' || url.password !== '')
    return { problem: 'a URL must not hold credentials', hint: 'set a header instead' };
  if (text.includes('?')) return { problem: 'an endpoint URL has no query', hint: 'leave out what follows the ?' };
  if (text.includes('#')) return { problem: 'an endpoint URL has no fragment', hint: 'leave out what follows the #' };
  if (url.port === '0')
    return {
      problem: 'port 0 cannot be connected to',
      hint: 'write the port that the endpoint listens on, 1 to 65535',
    };
  return partsOf(url, text);
}

function partsOf(url: URL, text: string): UrlParts {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  // Sockets want an IPv6 address without the brackets that URLs need.
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  return {
    url: text.replace(/\/+$/, ''),
    origin: url.origin,
    secure,
    hostname,
    port,
    authority: url.host,
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}
