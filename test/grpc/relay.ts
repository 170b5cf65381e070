/** Weir between a gRPC client and services: TLS in front, plain HTTP/2 or TLS behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelOptions } from '@grpc/grpc-js';
import { CERTIFICATE, KEY } from '../contract/forwarder-tls.ts';
import { type Rules, startWeir, type Weir } from '../tools/weir.ts';
import { connect, type ProbeClient } from './service.ts';

export class Relay {
  readonly weir: Weir;
  readonly #folder: string;
  readonly #clients: ProbeClient[] = [];

  private constructor(weir: Weir, folder: string) {
    this.weir = weir;
    this.#folder = folder;
  }

  /** Starts Weir with a TLS listener that is `localhost`, which it trusts as an upstream too. */
  static async start(rules: Rules, limits: Readonly<Record<string, string>> = {}): Promise<Relay> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-grpc-'));
    const authorities = join(folder, 'ca.pem');
    writeFileSync(authorities, CERTIFICATE);
    const certificates = [{ cert: 'relay.pem', key: 'relay.key' }];
    const weir = await startWeir(null, {
      rules,
      config: { listeners: [{ address: '127.0.0.1:0', tls: { certificates } }], threads: 1, limits },
      files: { 'config/relay.pem': CERTIFICATE, 'config/relay.key': KEY },
      env: { NODE_EXTRA_CA_CERTS: authorities },
    });
    return new Relay(weir, folder);
  }

  get port(): number {
    return Number(new URL(this.weir.url).port);
  }

  /** A client on a connection of its own. */
  client(options: ChannelOptions = {}): ProbeClient {
    const client = connect(this.port, options);
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.weir.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
