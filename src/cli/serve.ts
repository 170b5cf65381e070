/** `weir serve`: the proxy as a process: signals, exit codes, last words. */
import { setFlagsFromString } from 'node:v8';
import { StartProblems } from '../control/config-file.ts';
import { type Server, startServer } from '../control/server.ts';
import { createSink } from '../control/sink.ts';
import { WeirError } from '../errors.ts';
import { Redactor } from '../log/redact.ts';
import { formatProblems } from '../plan/problems.ts';
import { readArguments } from './arguments.ts';
import { leave } from './leave.ts';

const USAGE = `weir serve [--config FILE] [--takeover]

Runs the proxy. Rules are reloaded when a file changes, on SIGHUP, and on POST /api/v1/reload of the admin listener.
SIGTERM or SIGINT drains and ends; a second one ends at once.

  --config FILE   process settings; config/weir.yaml by default
  --takeover      take over from the weir that runs with this config: it hands its listening sockets over, goes on until
                  this one serves, then drains and ends. Starts as always where none runs

Exit status: 0 after a signal or a takeover, once drained; 143 or 130 where a second SIGTERM or SIGINT cut the draining
short; 1 where something cannot be had (an address, the config file), 3 where config, rules or a file that they name have
problems, 64 for a wrong command line, 70 after a bug in Weir.
`;

/** A bug of ours (sysexits.h). */
const EX_SOFTWARE = 70;

/** The same signal again within this many milliseconds is one: a terminal and a launcher both pass Ctrl-C on. */
const SAME_SIGNAL = 100;

/** Runs until a signal or a takeover ends it. Resolves with the exit status where it cannot start. */
export async function serve(args: string[]): Promise<number> {
  const parsed = readArguments('serve', USAGE, args, {
    config: { type: 'string', default: 'config/weir.yaml' },
    takeover: { type: 'boolean', default: false },
  });
  if (typeof parsed === 'number') return parsed;
  // V8 begins with an old generation of a few megabytes and marks it anew whenever it has grown by a few more: under load
  // that cost a traffic thread a tenth of its time. Threads made from here on begin with room (in MB).
  setFlagsFromString('--initial-old-space-size=256');
  process.stderr.on('error', () => {});
  const sink = createSink();
  const redactor = new Redactor();
  let server: Server | null = null;
  const crash = (error: unknown): void => {
    if (server) server.log.fatal({ err: error }, 'a bug in Weir: the process ends');
    else process.stderr.write(redactor.text(`weir: ${error instanceof Error ? error.stack : error}\n`));
    void sink.close(1000).then(() => leave(EX_SOFTWARE));
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const { told, ending } = endSignal();
  // From the beginning: without a listener it would end the process. While that starts, the rules are being read anyway.
  process.on('SIGHUP', () => void server?.reload('signal'));
  try {
    const { config, takeover } = parsed;
    server = await startServer({ configFile: config, env: process.env, sink, redactor, takeover, ending });
  } catch (error) {
    return explain(error, redactor);
  }
  await Promise.race([told, server.takenOver]);
  await server.close();
  // Everything has ended and is written. Waiting for what Node may still hold would close descriptors that are no longer
  // its own (SocketPipe.accept).
  leave(0);
  return 0;
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

/** `told` resolves at the first SIGTERM or SIGINT. From then on another one ends the process at once. */
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
  process.on('SIGTERM', receive);
  process.on('SIGINT', receive);
  return { told: promise, ending: () => first.signal !== '' };
}
