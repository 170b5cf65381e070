/** One subject outside the rounds: started in a folder of its own, with upstreams of the caller's. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Running, Subject } from './subjects/types.ts';

/** Starts `subject`, whose upstreams are all at `upstream`. */
export async function startTrial(subject: Subject, upstream: number): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-trial-'));
  const upstreams = { us: upstream, eu: upstream, asia: upstream };
  const running = await subject.start({ folder, upstreams, nonces: 0, nodeArgs: [] });
  const stop = async (): Promise<void> => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...running, stop };
}

/** Resolves with the port of `server` once it listens on loopback. */
export function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as AddressInfo).port));
  });
}
