/** The subjects that run on Node: bare http-proxy and Weir. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OVERRIDES, SECRET } from '../rules.ts';
import { BENCH, CERTIFICATE, CERTIFICATE_KEY, fillFolder, ROOT } from './files.ts';
import { freePort, startServer } from './processes.ts';
import type { Running, Setting, Subject } from './types.ts';

const ENTRY = join(ROOT, 'src', 'main.cjs');
const PROGRAM = join(ROOT, 'src', 'cli', 'main.ts');

/** The Node that runs the bench; `npm run` puts the pinned one first. */
const NODE = process.execPath;

export const httpProxy: Subject = {
  name: 'http-proxy',
  title: 'http-proxy 1.18.1 bare, keep-alive agent, doing nothing',
  rules: false,
  loads: ['post', 'get'],
  missing: () => '',
  start: (setting) => startForwarder('http-proxy', setting),
};

export const bare: Subject = {
  name: 'bare',
  title: 'the bare forwarder: sockets of `node:net`, heads scanned and rewritten, nothing else',
  rules: false,
  loads: ['get'],
  missing: () => '',
  start: (setting) => startForwarder('bare', setting),
};

export const weirPlain: Subject = {
  name: 'weir-plain',
  title: 'Weir, one route, one upstream, no policies',
  rules: false,
  loads: ['post', 'get'],
  missing: withoutWeir,
  start: (setting) => startWeir('plain', setting, false),
};

export const weirTls: Subject = {
  ...weirPlain,
  name: 'weir-tls',
  title: 'Weir, one route, one upstream, behind TLS 1.3 and HTTP/2',
  loads: ['tls', 'h2'],
  secure: true,
  start: (setting) => startWeir('plain', setting, false, TLS),
};

const TLS = `    tls: { minVersion: TLSv1.3, certificates: [{ cert: "${CERTIFICATE}", key: "${CERTIFICATE_KEY}" }] }\n`;

/** Weir with rules made for the occasion. `yaml` is given the port of the upstream. */
export function weirWith(
  about: Pick<Subject, 'name' | 'title' | 'loads' | 'paths'>,
  yaml: (upstream: number) => string,
): Subject {
  return { ...about, rules: false, missing: withoutWeir, start: (setting) => startWeir(yaml, setting, false) };
}

export const weirRules: Subject = {
  name: 'weir-rules',
  title: 'Weir, five rules, embedded store',
  rules: true,
  loads: ['post'],
  missing: withoutWeir,
  start: (setting) => startWeir('five', setting, false),
};

export const weirRulesLog: Subject = {
  ...weirRules,
  name: 'weir-rules-log',
  title: 'Weir, five rules, with the JSON access log',
  start: (setting) => startWeir('five', setting, true),
};

/** A forwarder in one file, run as a program: `PORT TARGET-PORT`. */
async function startForwarder(name: string, setting: Setting): Promise<Running> {
  const port = await freePort();
  const program = join(BENCH, 'subjects', `${name}.ts`);
  const args = [...setting.nodeArgs, program, port, setting.upstreams.us].map(String);
  return startServer([NODE, ...args], port, join(setting.folder, 'output.log'), setting.folder);
}

function withoutWeir(): string {
  return existsSync(PROGRAM) ? '' : 'src/cli/main.ts is not there';
}

async function startWeir(
  rules: 'plain' | 'five' | ((upstream: number) => string),
  setting: Setting,
  accessLog: boolean,
  tls = '',
): Promise<Running> {
  const [port, admin] = [await freePort(), await freePort()];
  const overrides = OVERRIDES.map((pair) => pair.join(',')).join('\n');
  const nonces = Math.max(2 ** 18, 2 * setting.nonces);
  const words = {
    ...setting.upstreams,
    port,
    admin,
    accessLog: String(accessLog),
    secret: SECRET,
    overrides,
    nonces,
    tls,
  };
  fillFolder(join(BENCH, 'weir', 'config'), setting.folder, words);
  if (typeof rules === 'string') fillFolder(join(BENCH, 'weir', rules), join(setting.folder, 'rules'), words);
  else {
    mkdirSync(join(setting.folder, 'rules'));
    writeFileSync(join(setting.folder, 'rules', 'rules.yaml'), rules(setting.upstreams.us));
  }
  const args = [...setting.nodeArgs, ENTRY, 'serve', '--config', join(setting.folder, 'weir.yaml')];
  return startServer([NODE, ...args], port, join(setting.folder, 'output.log'), setting.folder);
}
