/** What the demo prints once everything runs. Pure. */
import type { WeirConfig } from '../types/config.ts';
import type { EndpointPlan } from '../types/plan.ts';
import type { Command } from './commands.ts';

export interface BannerContent {
  readonly config: WeirConfig;
  readonly endpoints: readonly EndpointPlan[];
  readonly commands: readonly Command[];
  /** The folder in which the commands are to be pasted. */
  readonly folder: string;
}

/** `http://host:port` of an address as a client types it. */
export function urlOf(address: { readonly host: string; readonly port: number }): string {
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The demo's whole text: what runs where, then the commands. */
export function banner(content: BannerContent): string {
  return [
    '',
    'Weir runs. Paste these in another terminal; Ctrl-C here ends everything.',
    '',
    ...places(content).map(([name, url]) => `  ${name.padEnd(22)} ${url}`),
    ...content.commands.flatMap((command, i) => ['', `${i + 1}. ${command.title}. ${command.shows}`, '', command.line]),
    '',
    `In this folder: ${content.folder}`,
    'Below: Weir’s log, one line a request.',
    '',
    '',
  ].join('\n');
}

function places({ config, endpoints }: BannerContent): [string, string][] {
  const rows = config.listeners
    .filter((listener) => listener.tls === null)
    .map((listener): [string, string] => ['Weir', urlOf(listener)]);
  if (config.admin)
    rows.push(['admin and metrics', `${urlOf(config.admin)}/api/v1/status, ${urlOf(config.admin)}/metrics`]);
  for (const endpoint of endpoints) rows.push([`sample ${endpoint.id}`, endpoint.origin]);
  rows.push(['rules, edit them', config.rules]);
  return rows;
}
