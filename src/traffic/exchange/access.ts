/** The access log: one line a request, with what an operator asks of it and never a secret (no query, no header value). */
import { LineBatch, type LineReceiver } from '../../log/line-batch.ts';
import type { LogConfig } from '../../types/config.ts';
import { type AccessLines, EcsLines, JsonLines, roomOf } from './access-lines.ts';
import type { Finished } from './core.ts';

const FLUSH_EVERY_MS = 200;

/** Gathers lines for `receiver`: whole lines only, so those of several threads never interleave. */
export class AccessLog {
  readonly #lines: AccessLines;
  readonly #batch: LineBatch;
  readonly #timer: NodeJS.Timeout;

  /** `memory` is of `batchMemory`: whoever made it has what is gathered there when this thread dies. */
  constructor(config: Pick<LogConfig, 'format'>, memory: SharedArrayBuffer, receiver: LineReceiver) {
    // `pretty` is made of JSON by the main thread.
    this.#lines = config.format === 'ecs' ? new EcsLines() : new JsonLines();
    this.#batch = new LineBatch(memory, receiver);
    this.#timer = setInterval(() => this.flush(), FLUSH_EVERY_MS);
    this.#timer.unref();
  }

  /** For the parameters see {@link AccessLines.write}. */
  write(x: Finished, bytesIn: number, duration: number, now: number): void {
    this.#lines.write(this.#batch.begin(roomOf(x)), x, bytesIn, duration, now);
    this.#batch.end();
  }

  flush(): void {
    this.#batch.flush();
  }

  close(): void {
    clearInterval(this.#timer);
    this.flush();
  }
}
