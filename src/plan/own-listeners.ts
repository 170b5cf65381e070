/** Endpoints that are Weir itself: what is sent there comes back, until it is refused with 508. */
import { canonicalAddress, loopback } from '../net/address.ts';
import type { EndpointPlan, UpstreamPlan } from '../types/plan.ts';
import type { ProblemList } from './problems.ts';

/** Where a listener of the process settings listens. */
export interface ListenerAddress {
  /** An address, or `localhost`. */
  readonly host: string;
  /** 0: any that is free, which no endpoint can name. */
  readonly port: number;
}

/** Warns of every endpoint whose address is one of `listeners`, as far as that can be told without asking the system. */
export function checkOwnListeners(
  upstreams: readonly UpstreamPlan[],
  listeners: readonly ListenerAddress[],
  problems: ProblemList,
): void {
  for (const { endpoints } of upstreams)
    for (const endpoint of endpoints) {
      if (!listeners.some((listener) => isListener(endpoint, listener))) continue;
      const message = `\`${endpoint.id}\` is a listener of this Weir: what is sent there comes back, and is refused with 508`;
      problems.warningAt(endpoint.place, 'own-listener', message, 'give the address of the server behind Weir');
    }
}

function isListener({ hostname, port }: EndpointPlan, listener: ListenerAddress): boolean {
  if (port !== listener.port) return false;
  // Who connects to the address of all interfaces gets this machine.
  const here = loopback(hostname) || isAny(hostname);
  if (isAny(listener.host)) return here;
  if (isNamed(hostname) || isNamed(listener.host) || isAny(hostname)) return here && loopback(listener.host);
  return canonicalAddress(hostname) === canonicalAddress(listener.host);
}

function isAny(host: string): boolean {
  const address = canonicalAddress(host);
  return address === '0.0.0.0' || address === '::';
}

/** Only `localhost` of all names is known here. */
function isNamed(host: string): boolean {
  return canonicalAddress(host) === null;
}
