/**
 * `node test/bench/access-log.ts`: what a line of the access log costs, in nanoseconds of one thread and bytes of its heap:
 * writing it, taking secrets out of it, and the same as pino and a search of the text would do it. The least of many short
 * rounds, taken in turn.
 */
import { pino } from 'pino';
import { Logged } from '../../src/log/json-bytes.ts';
import { GatheredLines } from '../../src/log/line-batch.ts';
import { lineOptions } from '../../src/log/log.ts';
import { Redactor } from '../../src/log/redact.ts';
import { AccessLog } from '../../src/traffic/exchange/access.ts';
import type { Finished } from '../../src/traffic/exchange/core.ts';
import type { Endpoint } from '../../src/traffic/rules/upstream.ts';

const ROUNDS = 40;
const LINES = 5_000;
const SECRETS = 100;

/** As an exchange has ended: ids and paths are texts of their own, names belong to few owners. */
function exchanges(): Finished[] {
  const routes = Array.from({ length: 3 }, () => new Logged());
  const clients = Array.from({ length: 8 }, (_, i) => ({
    ...{ address: `192.0.2.${i}`, country: 'DE', continent: 'EU', region: 'eu', logged: new Logged() },
  }));
  const endpoints = Array.from({ length: 3 }, (_, i) => ({ plan: { id: `openai/eu-${i}` }, logged: new Logged() }));
  return Array.from({ length: LINES }, (_, i) => ({
    id: Buffer.from(`req_AbCdEfGhIjKl${i.toString(36)}`).toString(),
    route: 'chat-completions',
    revision: '3f9a2b1c',
    routeLogged: routes[i % 3]!,
    method: 'POST',
    path: Buffer.from(`/v1/threads/${i}/messages`).toString(),
    replyStatus: 200,
    code: '',
    client: clients[i % 8]!,
    lastEndpoint: endpoints[i % 3] as unknown as Endpoint,
    attempts: 1,
    failure: '',
    bytesOut: 1024 + i,
    startedAt: 0,
    firstByte: 0.3 + i / 9,
  }));
}

/** The line as an object, as pino is given it. */
function record(x: Finished, bytesIn: number, duration: number): object {
  const { id, route, revision, method, path, replyStatus: status, code, client, attempts, failure, bytesOut } = x;
  const { address, country, region } = client;
  const endpoint = x.lastEndpoint?.plan.id ?? '';
  const times = { duration: Math.round(duration * 100) / 100, upstream: Math.round(x.firstByte * 100) / 100 };
  const names = { id, route, revision, method, path, status, code, address, country, region, endpoint };
  return { ...names, attempts, failure, bytesIn, bytesOut, ...times };
}

interface Figure {
  readonly name: string;
  run(): void;
  nanoseconds: number;
  bytes: number;
}

function figure(name: string, run: () => void): Figure {
  return { name, run, nanoseconds: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
}

function measure(figures: readonly Figure[]): void {
  for (let round = 0; round < ROUNDS; round++)
    for (const each of figures) {
      const heap = process.memoryUsage().heapUsed;
      const began = process.hrtime.bigint();
      each.run();
      each.nanoseconds = Math.min(each.nanoseconds, Number(process.hrtime.bigint() - began) / LINES);
      const grown = process.memoryUsage().heapUsed - heap;
      // Less than nothing: a collection fell into the round.
      if (grown >= 0) each.bytes = Math.min(each.bytes, grown / LINES);
    }
}

function writer(format: 'json' | 'ecs', taken: (lines: Uint8Array) => void): () => void {
  const gathered = new GatheredLines((lines, written) => {
    taken(lines);
    written();
  });
  const receiver = { handOver: () => gathered.receive(), send: taken };
  const access = new AccessLog({ format }, gathered.memory, receiver);
  access.close();
  return () => {
    for (let i = 0; i < LINES; i++) access.write(ENDED[i]!, 512, 0.5 + i / 7, 1_795_000_000_000 + (i >> 5));
    access.flush();
  };
}

function withPino(format: 'json' | 'ecs'): () => void {
  let batch = '';
  const write = (line: string): void => {
    batch += line;
    if (batch.length < 16_384) return;
    Buffer.from(batch);
    batch = '';
  };
  const logger = pino(lineOptions(format), { write });
  return () => {
    for (let i = 0; i < LINES; i++) logger.info(record(ENDED[i]!, 512, 0.5 + i / 7), 'request');
  };
}

const ENDED = exchanges();
const batches: Uint8Array[] = [];
writer('json', (lines) => batches.push(lines.slice()))();
const texts = batches.map((lines) => Buffer.from(lines).toString());
const redactor = new Redactor();
redactor.add(Array.from({ length: SECRETS }, (_, i) => ({ value: `${i}-secret-${i * 7}`, reference: `K${i}` })));

const figures = [
  figure('write JSON, pino', withPino('json')),
  figure(
    'write JSON',
    writer('json', () => {}),
  ),
  figure(
    'write ECS',
    writer('ecs', () => {}),
  ),
  figure(`take ${SECRETS} secrets out of text`, () => texts.forEach((text) => void redactor.json(text))),
  figure(`take ${SECRETS} secrets out of bytes`, () => batches.forEach((lines) => void redactor.jsonBytes(lines))),
];
measure(figures);
console.table(
  figures.map(({ name, nanoseconds, bytes }) => ({
    name,
    'ns a line': Math.round(nanoseconds),
    'bytes a line': Math.round(bytes),
  })),
);
