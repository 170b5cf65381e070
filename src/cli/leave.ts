/**
 * Ending the process although something in it never ends. `process.exit` waits for libuv's pool, and a thread of it that
 * waits for a mount that hangs, for a log file on one, or for a terminal stopped by Ctrl-S, waits for ever; so does a worker
 * that hangs outside JavaScript.
 */

/** Milliseconds that calls under way may take once all is done. */
const LAST_CALLS = 250;

/** Ends the process with `status` now, and its workers with it. */
export function leave(status: number): void {
  if (!callsUnderWay()) process.exit(status);
  replaceProcess(status);
}

/** As {@link leave}, where all workers have ended that can. */
export function leaveDrained(status: number): void {
  if (!callsUnderWay() && !workersLeft()) process.exit(status);
  replaceProcess(status);
}

function replaceProcess(status: number): void {
  process.emit('exit', status);
  try {
    // Another program in this process's place: the system ends the threads, waiting for none, and the status stays.
    const { NODE_OPTIONS: _options, NODE_CHANNEL_FD: _channel, ...env } = process.env;
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${status})`], env);
  } catch {
    // Where the system has no such call.
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Has the process end by itself with `status`, as soon as nothing is left to do but calls that never return. */
export function leaveSoon(status: number): void {
  process.exitCode = status;
  const look = (): void => {
    if (callsUnderWay()) leave(status);
  };
  setTimeout(look, LAST_CALLS).unref();
}

/** In libuv's pool: of the file system, and of the system's resolver. */
function callsUnderWay(): boolean {
  return process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq') || kind === 'GetAddrInfoReqWrap');
}

function workersLeft(): boolean {
  return process.getActiveResourcesInfo().includes('MessagePort');
}
