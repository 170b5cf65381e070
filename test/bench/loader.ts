/**
 * The load: raw keep-alive sockets, each writing the next ready-made request when its last answer is whole, and every
 * answer looked at. Its own CPU time does not count; it is small so that it does not hold the subject up.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Batch } from './requests.ts';
import type { Region } from './rules.ts';

/** How a batch went. */
export interface LoadResult {
  /** Answered 200 by the region expected. */
  readonly right: number;
  /** Everything else, by what was seen (`401`, `wrong region`, `broken: …`). */
  readonly wrong: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Milliseconds of each answer, sorted. */
  readonly latencies: Float64Array;
}

const READ_BUFFER = 16 * 1024;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Connections to one subject. */
export class Loader {
  private readonly lanes: Lane[];
  private constructor(lanes: Lane[]) {
    this.lanes = lanes;
  }

  /** Opens `connections` sockets to a loopback port, with TLS 1.3 where `secure`. Rejects where one is refused. */
  static async open(port: number, connections: number, secure = false): Promise<Loader> {
    return new Loader(await Promise.all(Array.from({ length: connections }, () => Lane.open(port, secure))));
  }

  /** Sends the whole batch and resolves when the last answer is in. Never rejects: what went wrong is counted. */
  run(batch: Batch): Promise<LoadResult> {
    const { promise, resolve } = Promise.withResolvers<LoadResult>();
    const run = new Run(batch, this.lanes.length, resolve);
    for (const lane of this.lanes) lane.start(run);
    return promise;
  }

  close(): void {
    for (const lane of this.lanes) lane.close();
  }
}

/** The state that the lanes share during one batch. */
class Run {
  readonly latencies: Float64Array;
  private readonly batch: Batch;
  private readonly finished: (result: LoadResult) => void;
  private readonly wrong: Record<string, number> = {};
  private readonly began = performance.now();
  private next = 0;
  private right = 0;
  private answered = 0;
  private busy: number;

  constructor(batch: Batch, lanes: number, finished: (result: LoadResult) => void) {
    this.batch = batch;
    this.busy = lanes;
    this.finished = finished;
    this.latencies = new Float64Array(batch.messages.length);
  }

  /** Index of the next request to send, or -1. */
  take(): number {
    return this.next < this.batch.messages.length ? this.next++ : -1;
  }

  message(index: number): Buffer {
    return this.batch.messages[index]!;
  }

  region(index: number): Region {
    return this.batch.regions[index]!;
  }

  answer(milliseconds: number, problem: string): void {
    this.latencies[this.answered++] = milliseconds;
    if (problem === '') this.right++;
    else this.fail(problem);
  }

  fail(problem: string): void {
    this.wrong[problem] = (this.wrong[problem] ?? 0) + 1;
  }

  laneDone(): void {
    if (--this.busy > 0) return;
    const { right, wrong } = this;
    const unsent = this.batch.messages.length - this.next;
    if (unsent > 0) wrong['not sent'] = unsent;
    const seconds = (performance.now() - this.began) / 1000;
    this.finished({ right, wrong, seconds, latencies: this.latencies.subarray(0, this.answered).sort() });
  }
}

/** One connection. */
class Lane {
  private socket!: Socket;
  private run: Run | null = null;
  private index = -1;
  private sentAt = 0;
  private text = '';

  static open(port: number, secure: boolean): Promise<Lane> {
    const lane = new Lane();
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER);
    const callback = (bytes: number) => lane.read(buffer, bytes);
    const { promise, resolve, reject } = Promise.withResolvers<Lane>();
    const options = { port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } };
    // A certificate for tests; no session is kept, so every handshake is whole.
    const tls = { ...options, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] } as const;
    lane.socket = secure ? connectTls({ ...tls, ALPNProtocols: [...tls.ALPNProtocols] }) : connect(options);
    lane.socket.once(secure ? 'secureConnect' : 'connect', () => resolve(lane));
    lane.socket.on('error', reject);
    lane.socket.on('close', () => lane.closed());
    return promise;
  }

  start(run: Run): void {
    this.run = run;
    if (this.socket.destroyed) this.closed();
    else this.send();
  }

  close(): void {
    this.run = null;
    this.socket.destroy();
  }

  private send(): void {
    const run = this.run!;
    this.index = run.take();
    if (this.index < 0) {
      this.run = null;
      run.laneDone();
      return;
    }
    this.sentAt = performance.now();
    this.socket.write(run.message(this.index));
  }

  private read(buffer: Buffer, bytes: number): boolean {
    this.text += buffer.toString('latin1', 0, bytes);
    if (this.run !== null && isWhole(this.text)) {
      this.run.answer(performance.now() - this.sentAt, judge(this.text, this.run.region(this.index)));
      this.text = '';
      this.send();
    }
    return true;
  }

  private closed(): void {
    const { run } = this;
    this.run = null;
    if (run === null) return;
    run.fail('broken: connection closed');
    run.laneDone();
  }
}

/** Is the answer complete? It has one request before it, so nothing can follow. */
export function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = CONTENT_LENGTH.exec(text);
  if (length && length.index < headEnd) return text.length >= headEnd + 4 + Number(length[1]);
  return text.endsWith('\r\n0\r\n\r\n');
}

/** '' where the answer is a 200 of the region, else what is wrong with it. */
export function judge(text: string, region: Region): string {
  const status = text.slice(9, 12);
  if (status !== '200') return status;
  return text.includes(`x-region: ${region}\r\n`) ? '' : 'wrong region';
}
