/** A steady load on keep-alive connections, for tests that must not lose a request. Loopback only; ends when told. */
import { Agent, request } from 'node:http';

export interface LoadReport {
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests that got no answer. */
  readonly errors: readonly string[];
}

/** Keeps `lanes` requests under way against `url` until `stop` is called. */
export function startLoad(url: string, lanes: number): { stop(): Promise<LoadReport>; readonly sent: number } {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes });
  const statuses: Record<number, number> = {};
  const errors: string[] = [];
  let running = true;
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (running) {
      sent++;
      try {
        const status = await get(url, agent);
        statuses[status] = (statuses[status] ?? 0) + 1;
      } catch (error) {
        errors.push(String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  return {
    get sent() {
      return sent;
    },
    async stop() {
      running = false;
      await all;
      agent.destroy();
      return { statuses, errors };
    },
  };
}

function get(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (reply) => {
      reply.resume();
      reply.on('end', () => (reply.complete ? resolve(reply.statusCode!) : reject(new Error('cut short'))));
      reply.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
