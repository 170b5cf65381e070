/** Does a subject do what it is measured for? One that does not is reported, not measured. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { BODY, type Client, type Draft, nonce, plainGet, sign, signedPost } from './requests.ts';
import { BREAKER_MIN_REQUESTS, OVERRIDES, POST_MAPPED, REGIONS, WINDOW_SECONDS } from './rules.ts';
import type { Subject } from './subjects/types.ts';
import type { Echo } from './upstream.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one request on a connection of its own. Rejects where the connection breaks. */
function send(port: number, draft: Draft, secure = false): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { method, path, headers } = draft;
  const length = draft.body === '' ? {} : { 'Content-Length': Buffer.byteLength(draft.body) };
  const options = { port, host: '127.0.0.1', method, path, headers: { ...headers, ...length }, agent: false };
  const begin = secure ? requestTls : request;
  const outgoing = begin({ ...options, rejectUnauthorized: false }, (res) => {
    let body = '';
    res.setEncoding('latin1').on('data', (chunk) => {
      body += chunk;
    });
    res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body })).on('error', reject);
  });
  outgoing.on('error', reject).end(draft.body);
  return promise;
}

function signedNow(client: Client, extra: Readonly<Record<string, string>> = {}, ageSeconds = 0): Draft {
  const draft = signedPost(client, Math.floor(Date.now() / 1000) - ageSeconds, nonce());
  return { ...draft, headers: { ...draft.headers, ...extra } };
}

/** Problems found; a check that holds adds nothing. */
class Problems {
  readonly found: string[] = [];

  same(what: string, actual: unknown, expected: unknown): void {
    if (actual !== expected) this.found.push(`${what}: ${String(actual)} instead of ${String(expected)}`);
  }
}

/** What a check needs to know of a subject. */
export type Checked = Pick<Subject, 'rules' | 'secure' | 'paths'>;

/** The quick check before each burst. Returns what is wrong, nothing where all holds. */
export async function verifyRound(
  port: number,
  { rules, secure, paths }: Checked,
  clients: readonly Client[],
): Promise<string[]> {
  const problems = new Problems();
  if (rules) {
    for (const region of REGIONS) await verifyRouted(port, problems, clients.find((c) => c.region === region)!);
    await verifyRefusals(port, problems, clients[0]!);
  } else if (paths) await verifyPaths(port, problems, paths, clients);
  else await verifyPlain(port, problems, clients[0]!, secure ?? false);
  return problems.found;
}

/** The full check of a fresh instance, which is of no use afterwards: its breaker is open. */
export async function verifyAll(port: number, subject: Checked, clients: readonly Client[]): Promise<string[]> {
  const problems = new Problems();
  problems.found.push(...(await verifyRound(port, subject, clients)));
  if (!subject.rules || problems.found.length > 0) return problems.found;
  const [cidr] = OVERRIDES[0]!;
  await verifyRouted(port, problems, { address: cidr.replace('0/24', '77'), region: 'eu' });
  await verifyBreaker(port, problems, clients);
  return problems.found;
}

async function verifyPlain(port: number, problems: Problems, client: Client, secure: boolean): Promise<void> {
  const posted = await send(port, signedNow(client, { 'X-Bench-Echo': '1' }), secure);
  problems.same('POST status', posted.status, 200);
  if (posted.status === 200) problems.same('POST body upstream', (JSON.parse(posted.body) as Echo).body, BODY);
  const got = await send(port, plainGet(client), secure);
  problems.same('GET status', got.status, 200);
  problems.same('GET bytes', got.body.length, BODY.length);
}

/** The first path and the last are answered; where there are routes, what none of them names is not. */
async function verifyPaths(
  port: number,
  problems: Problems,
  paths: readonly string[],
  clients: readonly Client[],
): Promise<void> {
  for (const path of [paths[0]!, paths[paths.length - 1]!]) {
    const got = await send(port, { ...plainGet(clients[0]!), path });
    problems.same(`GET ${path}`, got.status, 200);
    problems.same('GET bytes', got.body.length, BODY.length);
  }
}

async function verifyRouted(port: number, problems: Problems, client: Client): Promise<void> {
  const { status, headers, body } = await send(port, signedNow(client, { 'X-Bench-Echo': '1' }));
  problems.same(`status for ${client.address}`, status, 200);
  if (status !== 200) return;
  const echo = JSON.parse(body) as Echo;
  problems.same(`region for ${client.address}`, headers['x-region'], client.region);
  problems.same('x-client-region', echo.headers['x-client-region'], client.region);
  problems.same('path upstream', echo.target, POST_MAPPED);
  problems.same('body upstream', echo.body, BODY);
  problems.same('anthropic-version', echo.headers['anthropic-version'], '2023-06-01');
  problems.same('x-request-id is set', (echo.headers['x-request-id'] ?? '') !== '', true);
  for (const name of ['cookie', 'x-internal-debug', 'x-signature']) problems.same(name, echo.headers[name], undefined);
  problems.same('x-served-by is set', (headers['x-served-by'] ?? '') !== '', true);
  for (const name of ['server', 'x-powered-by']) problems.same(name, headers[name], undefined);
}

async function verifyRefusals(port: number, problems: Problems, client: Client): Promise<void> {
  const draft = signedNow(client);
  problems.same('first use of a nonce', (await send(port, draft)).status, 200);
  problems.same('replay', (await send(port, draft)).status, 401);
  const forged = signedNow(client, { 'X-Signature': sign('0', 'n', BODY) });
  problems.same('wrong signature', (await send(port, forged)).status, 401);
  const changed = { ...signedNow(client), body: BODY.replace('x', 'y') };
  problems.same('changed body', (await send(port, changed)).status, 401);
  problems.same('old timestamp', (await send(port, signedNow(client, {}, WINDOW_SECONDS + 5))).status, 401);
  problems.same('unsigned', (await send(port, { ...plainGet(client), method: 'POST', path: draft.path })).status, 401);
}

/** Fails one region until its breaker opens: its clients must then be served elsewhere, the others as before. */
async function verifyBreaker(port: number, problems: Problems, clients: readonly Client[]): Promise<void> {
  const [eu, asia] = (['eu', 'asia'] as const).map((region) => clients.find((c) => c.region === region)!);
  for (let i = 0; i < BREAKER_MIN_REQUESTS; i++) {
    await send(port, signedNow(eu!, { 'X-Bench-Fail': '1' }));
  }
  const moved = await send(port, signedNow(eu!));
  problems.same('status behind an open breaker', moved.status, 200);
  problems.same('region behind an open breaker', moved.headers['x-region'], 'us');
  problems.same('region of the others', (await send(port, signedNow(asia!))).headers['x-region'], 'asia');
}
