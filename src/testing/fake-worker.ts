/**
 * A traffic thread that speaks the protocol and does what the plan's revision says, so that every failure can be produced:
 * `refuse`, `hang-prepare`, `slow-prepare`, `die-prepare`, `die-commit`, `hang-commit`, `die-start`, `fail-start`, `hang-start`, `die-drain`, each also as `one-…` (only the
 * thread whose number the size of the zone `victim` is does it), `stay` (does not end when drained), anything else works.
 * It answers HTTP with its thread number and the revision in use; `GET /die` kills it, `GET /gather-and-die` with lines that
 * it has not sent, `GET /spin` never ends, `GET /slow` is answered when it
 * drains.
 */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { getCompileCacheDir } from 'node:module';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { Fragment } from '../log/json-bytes.ts';
import { LineBatch } from '../log/line-batch.ts';
import { Registry } from '../metrics/registry.ts';
import { beatInterval, type FromWorker, type ToWorker, type WorkerStart } from '../types/threads.ts';

const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);
const [{ start }] = (await once(port, 'message')) as [{ start: WorkerStart }];
const registry = new Registry((series) => send({ type: 'series', series }));
const requests = registry.counter('weir_requests_total', { route: 'fake', status_class: '2xx' });
registry.gauge('weir_requests_in_flight', {}, () => 1);
registry.gauge('weir_breaker_state', { endpoint: 'a/b' }, () => 2);
setInterval(() => Atomics.add(start.beats, 0, 1), beatInterval(start.config.watchdog)).unref();
let current = start.plan.revision;
let geo = start.geo.overrides;
let certificates = start.certificates.map((list) => list?.length ?? 0).join();
let zones = start.zones;
let prepared = '';
const lines = new LineBatch(start.lines, { handOver: () => send({ type: 'gathered' }), send: () => {} });
let slow: ServerResponse | null = null;

const does = (revision: string, what: string): boolean => {
  if (revision === what) return true;
  return revision === `one-${what}` && start.thread === zones.victim?.byteLength;
};

if (does(current, 'die-start')) throw new Error('dies at start');
if (does(current, 'fail-start')) send({ type: 'failed', problem: 'this port is taken' });

const server = createServer((request, response) => {
  while (request.url === '/spin');
  if (request.url === '/gather-and-die') {
    lines.begin(100).copy(new Fragment('handed over\n'));
    lines.end();
    lines.flush();
    lines.begin(100).copy(new Fragment('gathered\n'));
    lines.end();
    lines.begin(100).copy(new Fragment('not whole'));
    throw new Error('told to die');
  }
  if (request.url === '/die') throw new Error('told to die');
  if (request.url === '/slow') {
    slow = response;
    send({ type: 'log', lines: 'slow\n' });
    return;
  }
  requests.value++;
  const listeners = start.config.listeners.map((listener) => listener.port).join();
  const cache = getCompileCacheDir() ?? '';
  const { thread, threads } = start;
  response.end(JSON.stringify({ thread, threads, revision: current, geo, certificates, listeners, cache }));
});
const listener = start.config.listeners[0]!;
if (!does(current, 'fail-start') && !does(current, 'hang-start'))
  server.listen({ host: listener.host, port: listener.port, reusePort: true }, () => {
    const { address, port: bound } = server.address() as AddressInfo;
    send({ type: 'listening', addresses: [{ address, port: bound }] });
  });

const handle: Record<string, (message: never) => void> = {
  prepare({ id, plan, ...message }: Extract<ToWorker, { type: 'prepare' }>) {
    zones = message.zones;
    if (does(plan.revision, 'die-prepare')) throw new Error('dies in prepare');
    if (does(plan.revision, 'hang-prepare')) return;
    prepared = plan.revision;
    if (plan.revision === 'slow-prepare') {
      setTimeout(send, 500, { type: 'prepared', id, problem: null });
      return;
    }
    send({ type: 'prepared', id, problem: does(plan.revision, 'refuse') ? 'policy x refuses' : null });
  },
  commit({ id }: { id: number }) {
    if (does(prepared, 'die-commit')) throw new Error('dies in commit');
    if (does(prepared, 'hang-commit')) return;
    current = prepared;
    send({ type: 'committed', id });
  },
  abandon() {
    prepared = '';
    send({ type: 'log', lines: `abandoned by ${start.thread}\n` });
  },
  geo(message: { geo: { overrides: string } }) {
    geo = message.geo.overrides;
  },
  certificates(message: { certificates: readonly object[] }) {
    certificates = String(message.certificates.length);
  },
  forget({ series }: { series: readonly number[] }) {
    registry.forget(series);
  },
  metrics({ id }: { id: number }) {
    if (current !== 'no-metrics') send({ type: 'metrics', id, samples: registry.gauges() });
  },
  drain() {
    if (does(current, 'die-drain')) throw new Error('dies while it drains');
    server.close(() => {
      send({ type: 'drained' });
      if (current !== 'stay') port.close();
    });
    server.closeIdleConnections();
    slow?.end('answered while draining');
  },
};

port.on('message', (message: ToWorker) => handle[message.type]!(message as never));
