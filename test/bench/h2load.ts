/** GETs by HTTP/2, from h2load. Debian: `apt-get install nghttp2-client`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { LoadResult } from './loader.ts';
import { GET_PATH } from './rules.ts';

const H2LOAD = '/usr/bin/h2load';
/** Streams at a time on each connection. */
const STREAMS = 8;

/** Why there is none here, or ''. */
export function withoutH2load(): string {
  return existsSync(H2LOAD) ? '' : 'no h2load here: apt-get install nghttp2-client';
}

/** Sends `requests` GETs, `concurrent` at a time, over TLS. It looks at statuses alone, and tells no quantiles. */
export async function loadHttp2(port: number, requests: number, concurrent: number): Promise<LoadResult> {
  const clients = Math.max(1, Math.round(concurrent / STREAMS));
  const shape = ['-n', requests, '-c', clients, '-m', STREAMS].map(String);
  const heads = ['accept: application/json', 'x-forwarded-for: 192.0.2.1'].flatMap((head) => ['-H', head]);
  const child = spawn(H2LOAD, [...shape, ...heads, `https://127.0.0.1:${port}${GET_PATH}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const orphan = (): void => void child.kill('SIGTERM');
  process.once('exit', orphan);
  const ended = once(child, 'close');
  const output = (await child.stdout.setEncoding('utf8').toArray()).join('');
  await ended;
  process.off('exit', orphan);
  return readReport(output, requests);
}

/** What h2load's report says. */
export function readReport(output: string, requests: number): LoadResult {
  const right = Number(/status codes: (\d+) 2xx/.exec(output)?.[1] ?? 0);
  const perSecond = Number(/([\d.]+) req\/s/.exec(output)?.[1] ?? Number.NaN);
  const wrong: Record<string, number> = right === requests ? {} : { 'not 2xx': requests - right };
  return { right, wrong, seconds: right / perSecond, latencies: new Float64Array() };
}
