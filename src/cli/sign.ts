/** `weir sign`: one signed request for a `signature` policy of the rules, ready to be sent. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WeirError } from '../errors.ts';
import { Fields, type Pairs } from '../fields/fields.ts';
import { isFieldName, isFieldValue } from '../fields/line.ts';
import { normalizePath } from '../match/path.ts';
import { normalAuthority } from '../net/host.ts';
import { standInFor } from '../plan/environment.ts';
import type { SignatureConfig } from '../policies/signature/config.ts';
import { faultOf, makeNonce, signRequest } from '../policies/signature/sign.ts';
import type { Plan } from '../types/plan.ts';
import { EX_PROBLEMS, EX_USAGE } from './arguments.ts';
import { loadProject } from './project.ts';
import { type Body, FORMATS, type Format, formatRequest, type SignedRequest } from './sign-format.ts';

const USAGE = `weir sign --url URL [--policy NAME] [--key ID] [--data TEXT|@FILE] [options]

Prints a request signed for a signature policy. Its nonce is fresh, so it is valid for one call, within the policy's window.

  --config FILE         process settings; config/weir.yaml by default
  --policy NAME         the signature policy; needed where the rules have several
  --key ID              the key to sign with; the policy's first by default
  --url URL             where the request goes
  --method METHOD       POST with --data, else GET
  --data TEXT           the body; @FILE reads it from a file
  --header 'NAME: VALUE'  a further header field; may be repeated. With a body, content-type is application/json
                        unless given here
  --format FORMAT       config: a file for curl -K (the default); curl: a command line; headers; json

Only the environment variables that the policy and its key need must be set.

Exit status: 0, 1 where it cannot be signed, 3 where config or rules have problems or the secret is not set, 64 for a wrong command line.
`;

interface Options {
  readonly config: string;
  readonly policy?: string;
  readonly key?: string;
  readonly url: URL;
  readonly method: string;
  readonly body: Body | null;
  readonly headers: Pairs;
  readonly format: Format;
}

/** Where the command writes: the process, or a test. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Runs the command; resolves to its exit status. */
export async function sign(args: string[], { stdout, stderr }: Streams = process): Promise<number> {
  try {
    const options = parse(args);
    if (options === null) {
      stdout.write(USAGE);
      return 0;
    }
    // Whoever signs with one key has no need of what other keys and policies take from the environment.
    const { plan, report, unset } = await loadProject(options.config, { unsetVariables: 'warning' });
    if (plan === null) {
      stderr.write(report);
      return EX_PROBLEMS;
    }
    const config = policyOf(plan, options.policy);
    assertKnown(config, options.key, unset);
    stdout.write(formatRequest(signed(options, config), options.format));
    return 0;
  } catch (error) {
    stderr.write(`weir sign: ${(error as Error).message}\n`);
    return error instanceof WeirError ? error.exitCode : 1;
  }
}

/** @throws {WeirError} where what the request is signed with is made up, because a variable of `unset` is in it. */
function assertKnown({ keys, ...settings }: SignatureConfig, key: string | undefined, unset: readonly string[]): void {
  const id = key ?? Object.keys(keys)[0]!;
  const used = `${Object.hasOwn(keys, id) ? keys[id]!.secret : ''}\n${JSON.stringify(settings)}`;
  const name = unset.find((name) => used.includes(standInFor(name)));
  if (name === undefined) return;
  throw new WeirError(`the environment variable ${name} is unset or empty, and key ${id} needs it`, EX_PROBLEMS);
}

function signed(options: Options, config: SignatureConfig): SignedRequest {
  const { url, method, body, headers } = options;
  const path = normalizePath(url.pathname);
  if (path === null) throw new WeirError(`the path of ${url.href} is ambiguous, and Weir would refuse it`);
  const bytes = body?.bytes ?? null;
  const request = {
    method,
    authority: authorityOf(url, valueIn(headers, 'host')),
    path,
    query: queryOf(url),
    headers: Fields.from(headers.map(octetsOf)),
    body: bytes,
  };
  const fault = faultOf(config, request);
  if (fault !== '') throw new WeirError(fault);
  const nonce = config.headers.nonce === null ? undefined : makeNonce(config, randomBytes);
  const added = signRequest(config, request, { key: options.key, now: Date.now(), nonce });
  return { method, url: url.href, headers: [...headers, ...added], body };
}

/** A text as it travels where it is sent as it is printed: one character for each octet of its UTF-8. */
function octetsOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What the request will name as its host, in normal form: its own `Host`, or the URL's. */
function authorityOf(url: URL, host: string | undefined): string {
  const written = host ?? url.host;
  const authority = normalAuthority(written, url.protocol === 'https:');
  if (authority === null) throw new WeirError(`${written} is not a host that Weir accepts`);
  return authority;
}

/** Value of the first field called `name` (lower case). */
function valueIn(pairs: Pairs, name: string): string | undefined {
  const at = pairs.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
  return at < 0 ? undefined : pairs[at + 1];
}

/** `search` is '' for a query that is empty, and a client sends its `?` all the same. */
function queryOf(url: URL): string {
  const [target] = url.href.split('#', 1);
  return url.search === '' && target!.endsWith('?') ? '?' : url.search;
}

function policyOf(plan: Plan, name: string | undefined): SignatureConfig {
  const candidates = plan.policies.filter(({ kind }) => kind === 'signature');
  const found = name === undefined ? candidates : candidates.filter((policy) => policy.name === name);
  if (found.length === 1) return found[0]!.config as SignatureConfig;
  const names = candidates.map((policy) => policy.name).join(', ') || 'none';
  throw new WeirError(
    name === undefined
      ? `name one of the signature policies with --policy: ${names}`
      : `there is no signature policy ${name}; there is: ${names}`,
  );
}

/** Null where help is asked for. @throws {WeirError} on a command line that makes no sense. */
function parse(args: string[]): Options | null {
  const values = parseValues(args);
  if (values.help) return null;
  if (values.url === undefined) throw wrong('--url is needed');
  const { protocol = '' } = URL.parse(values.url) ?? {};
  if (protocol !== 'http:' && protocol !== 'https:') throw wrong(`${values.url} is no URL with http:// or https://`);
  const format = FORMATS.find((one) => one === values.format);
  if (!format) throw wrong(`--format is one of ${FORMATS.join(', ')}`);
  const body = values.data === undefined ? null : readBody(values.data);
  const headers = (values.header ?? []).flatMap(readHeader);
  if (body && valueIn(headers, 'content-type') === undefined) headers.push('content-type', 'application/json');
  const method = (values.method ?? (body ? 'POST' : 'GET')).toUpperCase();
  if (!isFieldName(method)) throw wrong(`--method takes a method, not ${JSON.stringify(method)}`);
  const { config, policy, key } = values;
  return { config, policy, key, url: new URL(values.url), method, body, headers, format };
}

function parseValues(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        config: { ...text, default: 'config/weir.yaml' },
        policy: text,
        key: text,
        url: text,
        method: text,
        data: text,
        header: { ...text, multiple: true },
        format: { ...text, default: 'config' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw wrong((error as Error).message.split('\n')[0]!);
  }
}

function wrong(message: string): WeirError {
  return new WeirError(message, EX_USAGE);
}

function readBody(data: string): Body {
  if (!data.startsWith('@')) return { bytes: Buffer.from(data), file: null };
  const file = resolve(data.slice(1));
  return { bytes: readFileSync(file), file };
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  const value = line.slice(colon + 1).trim();
  if (isFieldName(name) && isFieldValue(octetsOf(value))) return [name, value];
  throw wrong(`--header takes 'Name: value', not ${JSON.stringify(line)}`);
}
