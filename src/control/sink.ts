/**
 * Where log lines go: one writer for the whole process, so lines never interleave; a bounded buffer, so a reader that
 * stops reading costs lines and not memory; nothing that blocks the thread.
 */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Lines } from '../types/threads.ts';
import { FileSink } from './file-sink.ts';
import { bounded, countLines, type LineSink, LostLines } from './line-sink.ts';

/** Bytes buffered before lines are dropped. */
const MAX_BUFFERED = 8 * 1024 * 1024;

/** A sink with a net that takes secrets out of lines on their way to `sink`. */
export function redacting(sink: LineSink, redact: (lines: Lines) => Lines): LineSink {
  return {
    write: (lines, written) => sink.write(redact(lines), written),
    get dropped() {
      return sink.dropped;
    },
    set onRecovered(tell: (lines: number) => void) {
      sink.onRecovered = tell;
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
 * thread pool keeps `process.exit` waiting for ever when nobody reads (measured; libuv joins its threads at exit). Files
 * and terminals have no such stream.
 */
export function createSink(options: SinkOptions = {}): LineSink {
  const fd = options.fd ?? 1;
  const maxBuffered = options.maxBuffered ?? MAX_BUFFERED;
  return isStream(fd) ? new SocketSink(fd, maxBuffered) : new FileSink({ fd, maxBuffered });
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
  readonly #lost = new LostLines();
  #broken = false;

  constructor(fd: number, max: number) {
    // One libuv handle per descriptor: whoever else in the process prints must share it.
    this.#out = fd === 1 ? process.stdout : new Socket({ fd, readable: false });
    this.#max = max;
    // EPIPE and the like: the reader is gone for good, and that is no reason to stop serving.
    this.#out.on('error', () => {
      this.#broken = true;
    });
    // Lines are lost only while more waits than a stream takes at once, so this follows.
    this.#out.on('drain', () => this.#lost.recovered());
  }

  get dropped(): number {
    return this.#lost.count;
  }

  set onRecovered(tell: (lines: number) => void) {
    this.#lost.onRecovered = tell;
  }

  write(lines: Lines, written?: () => void): void {
    // Characters, not bytes: close enough for a bound, and it costs nothing.
    if (!this.#broken && this.#out.writableLength + lines.length <= this.#max) {
      this.#out.write(lines, written);
      return;
    }
    this.#lost.add(countLines(lines));
    written?.();
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
