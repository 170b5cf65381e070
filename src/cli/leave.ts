/**
 * Ending the process although something in it never ends. `process.exit` waits for libuv's pool, and a thread of it that
 * waits for a mount that hangs, for a log file on one, or for a terminal stopped by Ctrl-S, waits for ever; so does a worker
 * that hangs outside JavaScript.
 */
import { existsSync } from 'node:fs';

/** Milliseconds that calls under way may take once all is done. */
const LAST_CALLS = 250;

/** Of this process, even where the file was replaced meanwhile by an update. Linux. */
const OWN_PROGRAM = '/proc/self/exe';

/** Ends the process with `status` now, and whatever runs in it. */
export function leave(status: number): void {
  if (!callsUnderWay() && !workersLeft()) process.exit(status);
  replaceProcess(status);
}

function replaceProcess(status: number): void {
  process.emit('exit', status);
  try {
    // Another program in this process's place: the system ends the threads, waiting for none, and the status stays.
    const { NODE_OPTIONS: _options, NODE_CHANNEL_FD: _channel, ...env } = process.env;
    const program = [OWN_PROGRAM, process.execPath].find((path) => existsSync(path));
    if (program) process.execve?.(program, [process.execPath, '-e', `process.exit(${status})`], env);
  } catch {
    // Where the system has no such call.
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Has the process end by itself with `status`, as soon as nothing is left to do but calls that never return. */
export function leaveSoon(status: number): void {
  process.exitCode = status;
  const look = (): void => {
    if (callsUnderWay() || workersLeft()) leave(status);
  };
  setTimeout(look, LAST_CALLS).unref();
}

/** In libuv's pool: of the file system, and of the system's resolver. */
function callsUnderWay(): boolean {
  return process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq') || kind === 'GetAddrInfoReqWrap');
}

/** Whether one of them hangs is not known in time: none is waited for. */
function workersLeft(): boolean {
  return process.getActiveResourcesInfo().includes('MessagePort');
}
