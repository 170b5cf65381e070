/**
 * Where log lines go: one writer for the whole process, so lines never interleave; a bounded buffer, so a reader that
 * stops reading costs lines and not memory; nothing that blocks the thread.
 */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import pino from 'pino';

/** Bytes buffered before lines are dropped. */
const MAX_BUFFERED = 8 * 1024 * 1024;

/** Takes whole lines. `write` never throws and never blocks. */
export interface LineSink {
  /** `lines` is written whole or dropped whole. Every line in it ends with a newline. */
  write(lines: string): void;
  /** Lines dropped so far, because the reader is too slow or gone. */
  readonly dropped: number;
  /** Resolves when all is written, or after `timeout` milliseconds. What is still buffered then is lost. */
  close(timeout: number): Promise<void>;
}

/** A sink that takes secrets out of lines on their way to `sink`. */
export function redacting(sink: LineSink, redactor: { text(text: string): string }): LineSink {
  return {
    write: (lines) => sink.write(redactor.text(lines)),
    get dropped() {
      return sink.dropped;
    },
    close: (timeout) => sink.close(timeout),
  };
}

export interface SinkOptions {
  /** File descriptor; 1 by default. */
  readonly fd?: number;
  /** Bytes; 8 MiB by default. */
  readonly maxBuffered?: number;
}

/**
 * A sink on a file descriptor. Pipes and sockets go through libuv's non-blocking streams: a write(2) that blocks in the
 * thread pool, as sonic-boom does it, keeps `process.exit` waiting for ever when nobody reads (measured; libuv joins
 * its threads at exit). Files and terminals go through sonic-boom.
 */
export function createSink(options: SinkOptions = {}): LineSink {
  const fd = options.fd ?? 1;
  const max = options.maxBuffered ?? MAX_BUFFERED;
  return isStream(fd) ? new SocketSink(fd, max) : new FileSink(fd, max);
}

function isStream(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

class SocketSink implements LineSink {
  readonly #out: NodeJS.WritableStream & { readonly writableLength: number };
  readonly #max: number;
  #broken = false;
  dropped = 0;

  constructor(fd: number, max: number) {
    // One libuv handle per descriptor: whoever else in the process prints must share it.
    this.#out = fd === 1 ? process.stdout : new Socket({ fd, readable: false });
    this.#max = max;
    // EPIPE and the like: the reader is gone for good, and that is no reason to stop serving.
    this.#out.on('error', () => {
      this.#broken = true;
    });
  }

  write(lines: string): void {
    // Characters, not bytes: close enough for a bound, and it costs nothing.
    if (this.#broken || this.#out.writableLength + lines.length > this.#max) this.dropped += countLines(lines);
    else this.#out.write(lines);
  }

  close(timeout: number): Promise<void> {
    const out = this.#out;
    if (this.#broken || out.writableLength === 0) return Promise.resolve();
    // Writes are answered in order, so an empty one ends when all before it have.
    return bounded(timeout, (done) => {
      out.once('error', done);
      out.write('', done);
    });
  }
}

class FileSink implements LineSink {
  readonly #out: ReturnType<typeof pino.destination>;
  #closed = false;
  dropped = 0;

  constructor(fd: number, max: number) {
    this.#out = pino.destination({ dest: fd, sync: false, maxLength: max });
    this.#out.on('drop', (lines: string) => {
      this.dropped += countLines(lines);
    });
    // A full disk: sonic-boom keeps what it holds and tries again with the next write.
    this.#out.on('error', () => {});
  }

  write(lines: string): void {
    if (this.#closed) this.dropped += countLines(lines);
    else this.#out.write(lines);
  }

  close(timeout: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return bounded(timeout, (done) => {
      this.#out.once('close', done);
      this.#out.once('error', done);
      this.#out.end();
    });
  }
}

function bounded(timeout: number, run: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout);
    run(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function countLines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++;
  return count;
}
