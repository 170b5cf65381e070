/** A signed request as text: for `curl -K`, as a command line, as header fields, as JSON. Pure. */
import { quote } from '../demo/commands.ts';
import type { Pairs } from '../fields/fields.ts';

export const FORMATS = ['config', 'curl', 'headers', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export interface Body {
  readonly bytes: Buffer;
  /** Absolute path where it came from a file; else null. */
  readonly file: string | null;
}

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Pairs;
  readonly body: Body | null;
}

/** The request in `format`, with a newline at the end. */
export function formatRequest(request: SignedRequest, format: Format): string {
  if (format === 'json') return `${JSON.stringify(jsonOf(request), null, 2)}\n`;
  const lines = fieldLines(request.headers);
  if (format === 'headers') return lines.map((line) => `${line}\n`).join('');
  const options = curlOptions(request, lines);
  if (format === 'curl') return `curl ${options.map(([name, value]) => `--${name} ${quote(value)}`).join(' ')}\n`;
  return options.map(([name, value]) => `${name} = "${escapeCurl(value)}"\n`).join('');
}

/** Bodies that are no UTF-8 are given in base64. */
function jsonOf({ method, url, headers, body }: SignedRequest): object {
  const fields = pairs(headers);
  if (!body) return { method, url, headers: fields };
  const text = body.bytes.toString();
  return Buffer.from(text).equals(body.bytes)
    ? { method, url, headers: fields, body: text }
    : { method, url, headers: fields, bodyBase64: body.bytes.toString('base64') };
}

/** `data-raw` takes an `@` for what it is; a file goes as `data-binary`, which keeps its line breaks. */
function curlOptions({ method, url, body }: SignedRequest, lines: readonly string[]): [string, string][] {
  const options: [string, string][] = [['request', method], ...lines.map((line): [string, string] => ['header', line])];
  if (body) options.push(body.file ? ['data-binary', `@${body.file}`] : ['data-raw', body.bytes.toString()]);
  // Brackets and braces in a URL are patterns to curl.
  options.push(['url', url.replaceAll(/[[\]{}]/g, (char) => `\\${char}`)]);
  return options;
}

function pairs(headers: Pairs): [string, string][] {
  return headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])) as [string, string][];
}

function fieldLines(headers: Pairs): string[] {
  return pairs(headers).map(([name, value]) => `${name}: ${value}`);
}

const CURL_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\v': '\\v',
};

/** Inside the quotes of a curl config file (curl(1), `--config`). */
function escapeCurl(value: string): string {
  return value.replaceAll(/[\\"\t\n\r\v]/g, (char) => CURL_ESCAPES[char]!);
}
