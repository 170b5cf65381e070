/** What one line of the access log says, in JSON or for the Elastic Common Schema: byte for byte what pino would write. */
import { escaped, Fragment, type JsonBytes, type Logged, roomFor } from '../../log/json-bytes.ts';
import type { Finished } from './core.ts';

/** Bytes of all that is the same in each line, and of its numbers. */
const FRAME_BYTES = 1024;

/** Writes one line. `out` has {@link roomOf} bytes for it. */
export interface AccessLines {
  /**
   * @param bytesIn Bytes of the request's body.
   * @param duration Milliseconds from the head's arrival to the last byte of the reply.
   * @param now Milliseconds since the epoch.
   */
  write(out: JsonBytes, x: Finished, bytesIn: number, duration: number, now: number): void;
}

/** Bytes that a line about `x` has at most. */
export function roomOf(x: Finished): number {
  const { client } = x;
  const texts = x.id.length + x.method.length + x.path.length + x.code.length + x.failure.length;
  const names = x.route.length + x.revision.length + client.address.length + client.country.length;
  const endpoint = x.lastEndpoint?.plan.id.length ?? 0;
  return FRAME_BYTES + roomFor(texts + names + client.region.length + endpoint);
}

/** The beginning of a line, which holds the time: most lines have that of the line before. */
class Head {
  readonly #before: string;
  readonly #behind: string;
  readonly #format: (now: number) => string;
  #now = -1;
  #length = 0;
  #fragment = new Fragment('');

  constructor(before: string, behind: string, format: (now: number) => string) {
    this.#before = before;
    this.#behind = behind;
    this.#format = format;
  }

  at(now: number): Fragment {
    if (now === this.#now) return this.#fragment;
    this.#now = now;
    const time = this.#format(now);
    if (time.length === this.#length) this.#fragment.patch(this.#before.length, time);
    else this.#fragment = new Fragment(this.#before + time + this.#behind);
    this.#length = time.length;
    return this.#fragment;
  }
}

/** The names that the log of Weir itself has too (log/log.ts), so that one parser reads both. */
export class JsonLines implements AccessLines {
  readonly #head = new Head('{"level":"info","time":', `,"pid":${process.pid},"id":"`, String);
  readonly #path = new Fragment('","path":"');
  readonly #status = new Fragment('","status":');
  readonly #code = new Fragment(',"code":"');
  readonly #noEndpoint = new Fragment('","attempts":');
  readonly #failure = new Fragment(',"failure":"');
  readonly #bytesIn = new Fragment('","bytesIn":');
  readonly #bytesOut = new Fragment(',"bytesOut":');
  readonly #duration = new Fragment(',"duration":');
  readonly #upstream = new Fragment(',"upstream":');
  readonly #end = new Fragment(',"message":"request"}\n');

  write(out: JsonBytes, x: Finished, bytesIn: number, duration: number, now: number): void {
    const { client, lastEndpoint } = x;
    out.copy(this.#head.at(now));
    out.text(x.id);
    out.copy(x.routeLogged.fragment ?? keep(x.routeLogged, routeInJson(x)));
    out.text(x.method);
    out.copy(this.#path);
    out.text(x.path);
    out.copy(this.#status);
    out.number(x.replyStatus);
    out.copy(this.#code);
    out.text(x.code);
    out.copy(client.logged.fragment ?? keep(client.logged, clientInJson(x)));
    out.copy(lastEndpoint === null ? this.#noEndpoint : endpointOf(lastEndpoint));
    out.number(x.attempts);
    out.copy(this.#failure);
    out.text(x.failure);
    out.copy(this.#bytesIn);
    out.number(bytesIn);
    out.copy(this.#bytesOut);
    out.number(x.bytesOut);
    out.copy(this.#duration);
    out.decimal(hundredths(duration));
    out.copy(this.#upstream);
    out.decimal(hundredths(x.firstByte));
    out.copy(this.#end);
  }
}

function routeInJson({ route, revision }: Finished): string {
  return `","route":"${escaped(route)}","revision":"${escaped(revision)}","method":"`;
}

function clientInJson({ client }: Finished): string {
  const { address, country, region } = client;
  return `","address":"${escaped(address)}","country":"${escaped(country)}","region":"${escaped(region)}","endpoint":"`;
}

/** Elastic Common Schema 8: `event.duration` is in nanoseconds there. */
export class EcsLines implements AccessLines {
  readonly #head = new Head('{"log.level":"info","@timestamp":"', ecsBase(), (now) => new Date(now).toISOString());
  readonly #succeeded = new Fragment(',"outcome":"success"},"http":{"request":{"id":"');
  readonly #failed = new Fragment(',"outcome":"failure"},"http":{"request":{"id":"');
  readonly #method = new Fragment('","method":"');
  readonly #bytesIn = new Fragment('","bytes":');
  readonly #status = new Fragment('},"response":{"status_code":');
  readonly #bytesOut = new Fragment(',"bytes":');
  readonly #path = new Fragment('}},"url":{"path":"');
  readonly #endpoint = new Fragment('","endpoint":"');
  readonly #noEndpoint = new Fragment('","attempts":');
  readonly #failure = new Fragment(',"failure":"');
  readonly #code = new Fragment('","code":"');
  readonly #upstream = new Fragment('","upstream_ms":');
  readonly #end = new Fragment('},"message":"request"}\n');

  write(out: JsonBytes, x: Finished, bytesIn: number, duration: number, now: number): void {
    const { client, lastEndpoint } = x;
    out.copy(this.#head.at(now));
    out.number(nanoseconds(duration));
    out.copy(x.replyStatus < 500 ? this.#succeeded : this.#failed);
    out.text(x.id);
    out.copy(this.#method);
    out.text(x.method);
    out.copy(this.#bytesIn);
    out.number(bytesIn);
    out.copy(this.#status);
    out.number(x.replyStatus);
    out.copy(this.#bytesOut);
    out.number(x.bytesOut);
    out.copy(this.#path);
    out.text(x.path);
    out.copy(client.logged.fragment ?? keep(client.logged, clientInEcs(x)));
    out.copy(x.routeLogged.fragment ?? keep(x.routeLogged, routeInEcs(x)));
    out.text(client.region);
    out.copy(this.#endpoint);
    out.copy(lastEndpoint === null ? this.#noEndpoint : endpointOf(lastEndpoint));
    out.number(x.attempts);
    out.copy(this.#failure);
    out.text(x.failure);
    out.copy(this.#code);
    out.text(x.code);
    out.copy(this.#upstream);
    out.decimal(hundredths(x.firstByte));
    out.copy(this.#end);
  }
}

function ecsBase(): string {
  const base = `"ecs.version":"8.11.0","service.name":"weir","process.pid":${process.pid}`;
  return `",${base},"event":{"dataset":"weir.access","duration":`;
}

function clientInEcs({ client }: Finished): string {
  const { address, country } = client;
  return `"},"client":{"ip":"${escaped(address)}","geo":{"country_iso_code":"${escaped(country)}"}},"weir":{"route":"`;
}

function routeInEcs({ route, revision }: Finished): string {
  return `${escaped(route)}","revision":"${escaped(revision)}","region":"`;
}

function endpointOf({ plan, logged }: NonNullable<Finished['lastEndpoint']>): Fragment {
  return logged.fragment ?? keep(logged, `${escaped(plan.id)}","attempts":`);
}

function keep(logged: Logged, text: string): Fragment {
  logged.fragment = new Fragment(text);
  return logged.fragment;
}

/** Microseconds are noise in a log line. */
function hundredths(ms: number): number {
  return Math.round(ms * 100);
}

function nanoseconds(ms: number): number {
  return Math.round((hundredths(ms) / 100) * 1e6);
}
