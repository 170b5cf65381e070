/** The access log: one line a request, with what an operator asks of it and never a secret (no query, no header value). */
import { type Logger, pino } from 'pino';
import { lineOptions } from '../../log/log.ts';
import type { LogConfig } from '../../types/config.ts';

/** What one line says. Durations in milliseconds, bytes of bodies. */
export interface AccessRecord {
  id: string;
  route: string;
  revision: string;
  method: string;
  path: string;
  status: number;
  /** Code of the error table, or ''. */
  code: string;
  address: string;
  country: string;
  region: string;
  endpoint: string;
  attempts: number;
  /** Why the last attempt failed, such as `timeout` or `connect: refused`; '' where it did not. */
  failure: string;
  bytesIn: number;
  bytesOut: number;
  /** From the head's arrival to the last byte of the reply. */
  duration: number;
  /** From the last attempt's start to the head of its reply; -1 where none came. */
  upstream: number;
}

/** Lines gathered before they leave the thread: whole lines only, so those of several threads never interleave. */
const BATCH_BYTES = 16384;
const FLUSH_EVERY_MS = 200;

/** Writes lines in batches to `send`. */
export class AccessLog {
  readonly #write: (record: AccessRecord) => void;
  readonly #send: (lines: string) => void;
  readonly #timer: NodeJS.Timeout;
  #batch = '';

  constructor(config: Pick<LogConfig, 'format'>, send: (lines: string) => void) {
    this.#send = send;
    const logger = pino(lineOptions(config.format), { write: (line) => this.#gather(line) });
    this.#write = config.format === 'ecs' ? ecsWriter(logger) : (record) => logger.info(record, 'request');
    this.#timer = setInterval(() => this.flush(), FLUSH_EVERY_MS);
    this.#timer.unref();
  }

  write(record: AccessRecord): void {
    this.#write(record);
  }

  flush(): void {
    if (this.#batch === '') return;
    this.#send(this.#batch);
    this.#batch = '';
  }

  close(): void {
    clearInterval(this.#timer);
    this.flush();
  }

  #gather(line: string): void {
    this.#batch += line;
    if (this.#batch.length > BATCH_BYTES) this.flush();
  }
}

/** Elastic Common Schema 8: `event.duration` is in nanoseconds there. */
function ecsWriter(logger: Logger): (record: AccessRecord) => void {
  return (r) =>
    logger.info(
      {
        event: {
          dataset: 'weir.access',
          duration: Math.round(r.duration * 1e6),
          outcome: r.status < 500 ? 'success' : 'failure',
        },
        http: {
          request: { id: r.id, method: r.method, bytes: r.bytesIn },
          response: { status_code: r.status, bytes: r.bytesOut },
        },
        url: { path: r.path },
        client: { ip: r.address, geo: { country_iso_code: r.country } },
        weir: {
          route: r.route,
          revision: r.revision,
          region: r.region,
          endpoint: r.endpoint,
          attempts: r.attempts,
          failure: r.failure,
          code: r.code,
          upstream_ms: r.upstream,
        },
      },
      'request',
    );
}
