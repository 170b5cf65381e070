/** Child processes of the bench: started with their output in a file, waited for, ended by their own id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './types.ts';

const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts `command` with its output in `log` and waits until `port` takes connections.
 * @throws {Error} with the end of the output where it ends or takes too long
 */
export async function startServer(
  command: readonly string[],
  port: number,
  log: string,
  cwd: string,
): Promise<Running> {
  const out = openSync(log, 'a');
  const child = spawn(command[0]!, command.slice(1), { cwd, stdio: ['ignore', out, out] });
  closeSync(out);
  const orphan = () => child.kill('SIGTERM');
  process.once('exit', orphan);
  await waitForPort(child, port, log);
  return { port: port!, pid: child.pid!, stop: () => stop(child).finally(() => process.off('exit', orphan)) };
}

async function waitForPort(child: ChildProcess, port: number, log: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  let failed = '';
  child.once('error', (error) => {
    failed = error.message;
  });
  while (!(await takesConnections(port))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || failed !== '' || performance.now() > deadline) {
      child.kill('SIGKILL');
      const output = readFileSync(log, 'utf8').slice(-2000);
      throw new Error(`did not start${failed && `: ${failed}`}\n${child.spawnargs.join(' ')}\n${output}`);
    }
    await sleep(20);
  }
}

function takesConnections(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** SIGTERM, and SIGKILL where that is not enough. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
