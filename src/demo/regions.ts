/** Which samples a rule set needs: one for each address on this machine that its upstreams name. */
import { listenProblem } from '../control/ports.ts';
import { WeirError } from '../errors.ts';
import type { EndpointPlan, Plan, UpstreamPlan } from '../types/plan.ts';
import { type SampleServer, startSample } from './sample.ts';

/** Addresses a sample may listen on: it must never be reachable from elsewhere. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]', '::1']);

/** The first endpoint of each local address, in the order written: one sample stands for all that share it. */
export function localEndpoints(upstreams: readonly Pick<UpstreamPlan, 'endpoints'>[]): readonly EndpointPlan[] {
  const byPort = new Map<number, EndpointPlan>();
  for (const { endpoints } of upstreams)
    for (const endpoint of endpoints)
      if (LOOPBACK.has(endpoint.hostname) && !endpoint.secure && !byPort.has(endpoint.port))
        byPort.set(endpoint.port, endpoint);
  return [...byPort.values()];
}

/** The local endpoint that serves clients of this country, by the regions of the plan. */
export function endpointFor(
  plan: Pick<Plan, 'regions' | 'upstreams'>,
  country: string,
  continent: string,
): EndpointPlan | undefined {
  const region =
    plan.regions.find(({ countries }) => countries.includes(country)) ??
    plan.regions.find(({ continents }) => continents.includes(continent));
  return localEndpoints(plan.upstreams).find((endpoint) => endpoint.region === region?.name);
}

/**
 * Starts a sample for each endpoint. Where one cannot start, those that did are closed.
 * @throws {WeirError} one line that says which address is not available and why.
 */
export async function startSamples(endpoints: readonly EndpointPlan[]): Promise<readonly SampleServer[]> {
  const started = await Promise.allSettled(endpoints.map(start));
  const failed = started.find((one) => one.status === 'rejected');
  const samples = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  if (!failed) return samples;
  await closeSamples(samples);
  throw failed.reason;
}

async function start(endpoint: EndpointPlan): Promise<SampleServer> {
  const { name, port } = endpoint;
  const host = endpoint.hostname.replace(/^\[|\]$/g, '');
  try {
    return await startSample({ region: endpoint.region || name, name, port, host });
  } catch (error) {
    const why = listenProblem(host, port, error as NodeJS.ErrnoException);
    throw new WeirError(`sample ${endpoint.id}: ${why}`, 1, { cause: error });
  }
}

/** Closes all of them. */
export async function closeSamples(samples: readonly SampleServer[]): Promise<void> {
  await Promise.all(samples.map((sample) => sample.close()));
}
