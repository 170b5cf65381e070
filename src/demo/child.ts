/** Weir as a child process, started the way users start it and unable to outlive its parent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly pid: number;
  /** Resolves with the exit status, or the signal's name, when the process is gone. Never rejects. */
  readonly exited: Promise<number | string>;
  /** False once it is gone. */
  readonly running: boolean;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `patience` ms. Resolves when the process is gone. */
  stop(patience: number): Promise<number | string>;
}

export interface ChildOptions {
  /** Command and options for `src/main.cjs`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Each whole line of its standard output and standard error, without the newline. */
  line(text: string): void;
}

/**
 * Starts `src/main.cjs` with the Node that runs this. It gets a process group of its own, so that Ctrl-C in a terminal
 * reaches it once, through its parent; end-with-parent.ts ends it if the parent dies without a word.
 */
export function startChild(options: ChildOptions): Child {
  const preload = new URL(import.meta.url.replace(/child\.([jt]s)$/, 'end-with-parent.$1'));
  const process_ = spawn(process.execPath, ['--import', preload.href, entryFile(), ...options.args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...options.env },
    detached: true,
  });
  for (const stream of [process_.stdout!, process_.stderr!])
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (text) => options.line(text));
  return new WeirChild(process_);
}

class WeirChild implements Child {
  readonly exited: Promise<number | string>;
  readonly #process: ChildProcess;

  constructor(child: ChildProcess) {
    this.#process = child;
    const { promise, resolve } = Promise.withResolvers<number | string>();
    this.exited = promise;
    child.once('error', (error) => resolve(error.message));
    // `close`, not `exit`: the last lines have arrived by then.
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.pid > 0 && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#process.kill(signal);
  }

  stop(patience: number): Promise<number | string> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), patience);
    return this.exited.finally(() => clearTimeout(timer));
  }
}

/** `src/main.cjs`, from the sources as from the built package. */
export function entryFile(): string {
  const places = ['../main.cjs', '../../src/main.cjs'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find(existsSync) ?? places[0]!;
}
