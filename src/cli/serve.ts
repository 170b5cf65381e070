/** `weir serve`: the proxy as a process: signals, exit codes, last words. */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { StartProblems } from '../control/config-file.ts';
import { type Server, startServer } from '../control/server.ts';
import { createSink } from '../control/sink.ts';
import { WeirError } from '../errors.ts';
import { Redactor } from '../log/redact.ts';
import { formatProblems } from '../plan/problems.ts';
import { readArguments } from './arguments.ts';
import { garbageCollector } from './collect.ts';
import { closeUnwantedInspector } from './inspector.ts';
import { leave } from './leave.ts';

const USAGE = `weir serve [--config FILE] [--takeover] [--strict]

Runs the proxy. Rules are reloaded when a file changes, on SIGHUP, and on POST /api/v1/reload of the admin listener.
SIGTERM, SIGINT or SIGQUIT drains and exits; a second one exits at once.

  --config FILE   process settings; config/weir.yaml by default
  --takeover      take over from the weir that runs with this config: it hands over its listening sockets, serves until
                  this one does, then drains and exits. Where none runs, this is an ordinary start
  --strict        start with the rules on disk or not at all; without it the last good ones are used where they are refused

Exit status: 0 after a signal or a takeover, once drained; 143, 130 or 131 where a second SIGTERM, SIGINT or SIGQUIT cut
the draining short; 1 where something is not available (an address, the config file), 3 where config, rules or a file that they
name have problems, 64 for a wrong command line, 70 after a bug in Weir.
`;

/** A bug of ours (sysexits.h). */
const EX_SOFTWARE = 70;

/** The same signal again within this many milliseconds is one: a terminal and a launcher both pass Ctrl-C on. */
const SAME_SIGNAL = 100;

/** Milliseconds from being ready, so that who waits for `/readyz` is answered first. */
const FLUSH_DELAY = 250;

/** Runs until a signal or a takeover ends it. Resolves with the exit status where it cannot start. */
export async function serve(args: string[]): Promise<number> {
  const parsed = readArguments('serve', USAGE, args, {
    config: { type: 'string', default: 'config/weir.yaml' },
    takeover: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  });
  if (typeof parsed === 'number') return parsed;
  // V8 begins with an old generation of a few megabytes and marks it anew whenever it has grown by a few more: under load
  // that cost a traffic thread a tenth of its time. Threads made from here on begin with room (in MB).
  setFlagsFromString('--initial-old-space-size=256');
  // Where what a piece of code makes is still in use at one collection, V8 makes it in the old generation from then on. The
  // streams open when the load of HTTP/2 begins are, and what follows them then outlives the collections of the young
  // generation, with all that it points to. Nothing that is made for a request lives for long.
  setFlagsFromString('--no-allocation-site-pretenuring');
  process.stderr.on('error', () => {});
  const sink = createSink();
  const redactor = new Redactor();
  let server: Server | null = null;
  const crash = (error: unknown): void => {
    if (server) {
      server.takeLastLines();
      server.log.fatal({ err: error }, 'a bug in Weir: the process ends');
    } else process.stderr.write(redactor.text(`weir: ${error instanceof Error ? error.stack : error}\n`));
    void sink.close(1000).then(() => leave(EX_SOFTWARE));
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const { told, ending } = endSignal();
  const begin = onOtherSignals(() => server);
  try {
    const { config, takeover, strict } = parsed;
    const { env } = process;
    const idle = garbageCollector();
    server = await startServer({ configFile: config, env, sink, redactor, takeover, strict, ending, idle });
  } catch (error) {
    return explain(error, redactor);
  }
  begin(server);
  // Node writes the cache of compiled code when it exits, which this process does not: see `leave`.
  setTimeout(flushCompileCache, FLUSH_DELAY).unref();
  await Promise.race([told, server.takenOver]);
  await server.close();
  // Everything has ended and is written. Waiting for what Node may still hold would close descriptors that are no longer
  // its own (SocketPipe.accept).
  leave(0);
  return 0;
}

/**
 * Signals that do not end the process, from the beginning: without a listener they would. Returns what is to be called
 * when it serves; a SIGHUP that came before is carried out then, since the rules may have been read by that time.
 */
function onOtherSignals(serving: () => Server | null): (server: Server) => void {
  let missed = false;
  process.on('SIGHUP', () => {
    const server = serving();
    if (server === null) missed = true;
    else void server.reload('signal');
  });
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => serving()?.log.info({ signal }, 'this signal is ignored'));
  return (server) => {
    // Node opens its inspector on a SIGUSR1 that comes before there is a listener (main.cjs closes it too).
    closeUnwantedInspector();
    if (missed) void server.reload('signal');
  };
}

/** Why Weir does not start, for people, and the exit status that says it to programs. */
function explain(error: unknown, redactor: Redactor): number {
  if (error instanceof StartProblems) {
    const text = formatProblems(error.problems, error.sources, { format: 'text', cwd: process.cwd() });
    process.stderr.write(redactor.text(`${text}\n`));
    return error.exitCode;
  }
  if (!(error instanceof WeirError)) throw error;
  process.stderr.write(redactor.text(`weir: ${error.message}\n`));
  return error.exitCode;
}

/** `told` resolves at the first SIGTERM, SIGINT or SIGQUIT. From then on another one ends the process at once. */
function endSignal(): { readonly told: Promise<void>; ending(): boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let first = { signal: '', at: 0 };
  const receive = (signal: NodeJS.Signals, number: number): void => {
    const now = performance.now();
    if (first.signal === '') {
      first = { signal, at: now };
      resolve();
    } else if (signal !== first.signal || now - first.at > SAME_SIGNAL) leave(128 + number);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, receive);
  return { told: promise, ending: () => first.signal !== '' };
}
