/** A gRPC service whose methods a test writes, and a client for it: grpc-js on both ends. */
import type { EventEmitter } from 'node:events';
import {
  type CallOptions,
  type ChannelOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CERTIFICATE, KEY } from '../contract/forwarder-tls.ts';

export interface Message {
  readonly text?: string;
  readonly blob?: Buffer;
}

type Callback = (error: ServiceError | null, answer?: Message) => void;

/** What the service does now; a test replaces what it needs. */
export interface Handlers {
  unary(call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>): void;
  upload(call: ServerReadableStream<Message, Message>, answer: sendUnaryData<Message>): void;
  download(call: ServerWritableStream<Message, Message>): void;
  chat(call: ServerDuplexStream<Message, Message>): void;
}

export interface ProbeClient {
  unary(ask: Message, metadata: Metadata, options: CallOptions, done: Callback): ClientUnaryCall;
  upload(metadata: Metadata, options: CallOptions, done: Callback): ClientWritableStream<Message>;
  download(ask: Message, metadata?: Metadata, options?: CallOptions): ClientReadableStream<Message>;
  chat(metadata?: Metadata, options?: CallOptions): ClientDuplexStream<Message, Message>;
  close(): void;
}

const definition = loadSync(new URL('probe.proto', import.meta.url).pathname)['weir.test.Probe'] as ServiceDefinition;
const Probe = makeGenericClientConstructor(definition, 'Probe') as unknown as new (
  address: string,
  creds: ReturnType<typeof credentials.createSsl>,
  options: ChannelOptions,
) => ProbeClient;

const MESSAGE_MAX = 8 << 20;
/** Every service and every client has connections of its own. */
const CHANNEL: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_MAX,
  'grpc.max_send_message_length': MESSAGE_MAX,
  'grpc.use_local_subchannel_pool': 1,
};

const UNIMPLEMENTED: Handlers = {
  unary: (_call, answer) => answer({ code: status.UNIMPLEMENTED }),
  upload: (_call, answer) => answer({ code: status.UNIMPLEMENTED }),
  download: (call) => call.emit('error', { code: status.UNIMPLEMENTED }),
  chat: (call) => call.emit('error', { code: status.UNIMPLEMENTED }),
};

/** The upstream. */
export class Service {
  on: Handlers = { ...UNIMPLEMENTED };
  port = 0;
  readonly secure: boolean;
  readonly #server = new Server(CHANNEL);

  private constructor(secure: boolean) {
    this.secure = secure;
    const implementation: UntypedServiceImplementation = {
      Unary: (call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>) => this.on.unary(call, answer),
      Upload: (call: ServerReadableStream<Message, Message>, answer: sendUnaryData<Message>) =>
        this.on.upload(call, answer),
      Download: (call: ServerWritableStream<Message, Message>) => this.on.download(call),
      Chat: (call: ServerDuplexStream<Message, Message>) => this.on.chat(call),
    };
    this.#server.addService(definition, implementation);
  }

  static async start(secure = false): Promise<Service> {
    const service = new Service(secure);
    const pair = { private_key: Buffer.from(KEY), cert_chain: Buffer.from(CERTIFICATE) };
    const creds = secure ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure();
    service.port = await new Promise<number>((resolve, reject) =>
      service.#server.bindAsync('127.0.0.1:0', creds, (error, port) => (error ? reject(error) : resolve(port))),
    );
    return service;
  }

  get url(): string {
    return this.secure ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`;
  }

  /** Forgets what tests made of it. */
  reset(): void {
    this.on = { ...UNIMPLEMENTED };
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** A client that has a connection of its own to a TLS listener on loopback. */
export function connect(port: number, options: ChannelOptions = {}): ProbeClient {
  return new Probe(`127.0.0.1:${port}`, credentials.createSsl(Buffer.from(CERTIFICATE)), {
    ...CHANNEL,
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.enable_retries': 0,
    ...options,
  });
}

/** How a call ended, and what came of it. */
export interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly answers: Message[];
  readonly initial: Metadata | null;
  readonly trailing: Metadata;
}

type Told = ClientUnaryCall | ClientWritableStream<Message> | ClientReadableStream<Message>;

/** Waits for the end of a call. `answers`: where one that answers once leaves its answer. */
export async function outcome(told: Told, answers: Message[] = []): Promise<Outcome> {
  const call: EventEmitter = told;
  let initial: Metadata | null = null;
  call.on('metadata', (metadata: Metadata) => {
    initial = metadata;
  });
  call.on('error', () => {});
  call.on('data', (message: Message) => answers.push(message));
  const { code, details, metadata } = await new Promise<StatusObject>((resolve) => call.on('status', resolve));
  return { code, details, answers, initial, trailing: metadata };
}

export interface Given {
  readonly metadata?: Metadata;
  readonly options?: CallOptions;
}

export function unary(client: ProbeClient, ask: Message, given: Given = {}): Promise<Outcome> & { cancel(): void } {
  const answers: Message[] = [];
  const call = client.unary(ask, given.metadata ?? new Metadata(), given.options ?? {}, (_error, answer) => {
    if (answer !== undefined) answers.push(answer);
  });
  return Object.assign(outcome(call, answers), { cancel: () => call.cancel() });
}

export function upload(client: ProbeClient, given: Given = {}) {
  const answers: Message[] = [];
  const call = client.upload(given.metadata ?? new Metadata(), given.options ?? {}, (_error, answer) => {
    if (answer !== undefined) answers.push(answer);
  });
  return { call, outcome: outcome(call, answers) };
}
