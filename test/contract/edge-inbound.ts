/** The exchange's side of an edge, played by tests: what an edge hands over and tells, and whether it tells too much. */
import { Fields } from '../../src/fields/fields.ts';
import type { Inbound, InboundEvents } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';

export class Call implements InboundEvents {
  readonly inbound: Inbound;
  readonly chunks: Buffer[] = [];
  /** What came after the end, or out of order. Must stay empty. */
  readonly faults: string[] = [];
  received = 0;
  bodyEnded = false;
  trailers: string[] | null = null;
  failed: 'malformed' | 'timeout' | 'gone' | '' = '';
  drains = 0;
  /** '' while the reply is under way; `taken` after an upgrade. */
  over: 'gone' | 'done' | 'taken' | '' = '';
  /** What `done` said. */
  bytes = -1;
  #reading = false;
  onData: (chunk: Buffer) => void = () => {};
  onBodyEnd: () => void = () => {};
  onBodyFailed: (why: string) => void = () => {};
  onDrained: () => void = () => {};
  /** `shutDown` was told. */
  shut = false;
  onShutDown: () => void = () => {};

  constructor(inbound: Inbound) {
    this.inbound = inbound;
    inbound.events = this;
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  read(whole = false): this {
    this.#reading = true;
    this.inbound.readBody(whole);
    return this;
  }

  ok(body: string | Buffer = 'ok', close = false): void {
    this.inbound.reply(200, Fields.from(['content-type', 'text/plain']), body, close);
  }

  bodyData(chunk: Buffer): void {
    this.#check('bodyData', this.#reading && !this.bodyEnded && this.failed === '' && chunk.length > 0);
    this.received += chunk.length;
    this.chunks.push(chunk);
    this.onData(chunk);
  }
  bodyEnd(trailers: Fields | null): void {
    this.#check('bodyEnd', this.#reading && !this.bodyEnded && this.failed === '');
    this.bodyEnded = true;
    this.trailers = trailers?.toPairs() ?? null;
    this.onBodyEnd();
  }
  bodyFailed(why: 'malformed' | 'timeout' | 'gone'): void {
    this.#check('bodyFailed', this.#reading && !this.bodyEnded && this.failed === '');
    this.failed = why;
    this.onBodyFailed(why);
  }
  drained(): void {
    this.#check('drained', true);
    this.drains++;
    this.onDrained();
  }
  gone(): void {
    this.#check('gone', true);
    this.over = 'gone';
  }
  shutDown(): void {
    this.#check('shutDown', true);
    this.shut = true;
    this.onShutDown();
  }
  done(bytes: number): void {
    this.#check('done', true);
    this.over = 'done';
    this.bytes = bytes;
  }

  #check(event: string, inOrder: boolean): void {
    if (this.over !== '') this.faults.push(`${event} after ${this.over}`);
    else if (!inOrder) this.faults.push(`${event} out of order`);
  }

  async ended(): Promise<string> {
    await until(() => this.bodyEnded || this.failed !== '', 'the end of the body');
    return this.body;
  }
  async finished(): Promise<'gone' | 'done' | 'taken' | ''> {
    await until(() => this.over !== '', 'gone or done');
    return this.over;
  }
}
