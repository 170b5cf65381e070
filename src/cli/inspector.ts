/** Node's inspector, which runs whatever code it is sent, is open only where the command line asks for it. */
import inspector from 'node:inspector';

/** Closes the inspector if a SIGUSR1 has opened it. */
export function closeUnwantedInspector(): void {
  if (inspector.url() !== undefined && !isWanted()) inspector.close();
}

function isWanted(): boolean {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  return /(^|\s)--inspect(-brk|-wait)?(=|\s|$)/.test(options);
}
