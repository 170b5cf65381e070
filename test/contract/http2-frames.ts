/** HTTP/2 by hand (RFC 9113 §4, §6; RFC 7541 without tables): for what no proper client or server would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { until } from '../tools/until.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** Fields as literals that no table remembers, strings as they are. */
export function block(fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) parts.push(Buffer.of(0), text(fields[i]!), text(fields[i + 1]!));
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1');
  const length: number[] = [];
  let rest = octets.length;
  if (rest < 127) length.push(rest);
  else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), octets]);
}

export function headers(stream: number, fields: readonly string[], flags = END_STREAM | END_HEADERS): Buffer {
  return frame(HEADERS, flags, stream, block(fields));
}

export function rst(stream: number, code: number): Buffer {
  return frame(RST_STREAM, 0, stream, u32(code));
}

export function goaway(last: number, code: number): Buffer {
  return frame(GOAWAY, 0, 0, Buffer.concat([u32(last), u32(code)]));
}

export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const parts = pairs.map(([id, value]) => Buffer.concat([Buffer.of(id >> 8, id & 255), u32(value)]));
  return frame(SETTINGS, 0, 0, Buffer.concat(parts));
}

function u32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value >>> 0);
  return octets;
}

/** One end of a connection that says what a test makes it say, and remembers the frames it gets. */
export class FramePeer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #rest: Buffer = Buffer.alloc(0);
  #skip: number;

  /** `preface`: the other end begins with one. */
  constructor(socket: Socket, preface = false) {
    this.socket = socket;
    this.#skip = preface ? PREFACE.length : 0;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('end', () => {
      this.closed = true;
    });
  }

  /** A client of a TLS server; it has sent its preface and settings. */
  static async client(port: number): Promise<FramePeer> {
    const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const peer = new FramePeer(socket);
    peer.send(PREFACE, settings());
    return peer;
  }

  static async plain(port: number): Promise<FramePeer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new FramePeer(socket);
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.#skip > 0) {
      if (this.#rest.length < this.#skip) return;
      this.#rest = this.#rest.subarray(this.#skip);
      this.#skip = 0;
    }
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) return;
      this.frames.push({
        type: this.#rest[3]!,
        flags: this.#rest[4]!,
        stream: this.#rest.readUInt32BE(5) & 0x7fffffff,
        payload: this.#rest.subarray(9, 9 + length),
      });
      this.#rest = this.#rest.subarray(9 + length);
    }
  }

  /** The first frame of `type`, on `stream` where it is given. */
  find(type: number, stream?: number): Frame | undefined {
    return this.frames.find((one) => one.type === type && (stream === undefined || one.stream === stream));
  }

  async frame(type: number, stream?: number): Promise<Frame> {
    return until(() => this.find(type, stream) ?? this.#over(type), `frame of type ${type} on stream ${stream}`);
  }

  #over(type: number): undefined {
    if (this.closed) throw new Error(`closed before a frame of type ${type}; got ${JSON.stringify(this.frames)}`);
    return undefined;
  }

  /** Error code of the RST_STREAM of a stream. */
  async reset(stream: number): Promise<number> {
    return (await this.frame(RST_STREAM, stream)).payload.readUInt32BE(0);
  }

  async goaway(): Promise<{ last: number; code: number }> {
    const { payload } = await this.frame(GOAWAY);
    return { last: payload.readUInt32BE(0), code: payload.readUInt32BE(4) };
  }

  async gone(within?: number): Promise<void> {
    await until(() => this.closed, 'the other end to close the connection', within);
  }

  close(): void {
    this.socket.destroy();
  }
}
