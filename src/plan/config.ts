/** `config/weir.yaml` → {@link WeirConfig}. Pure: the text comes in, paths are resolved but nothing is looked up. */
import { dirname, resolve } from 'node:path';
import { isFieldName } from '../fields/line.ts';
import { CLAIM, ID_MASK, kindOf, MAX_FORWARDS, NOT_FORWARDED } from '../fields/names.ts';
import type { SecretText } from '../log/redact.ts';
import { canonicalAddress, loopback, parseCidr } from '../net/address.ts';
import { DEFAULT_NONCES } from '../store/nonces.ts';
import type {
  AdminConfig,
  GeoipConfig,
  LimitsConfig,
  ListenerConfig,
  LogConfig,
  MemoryStoreConfig,
  PassHeadersConfig,
  TlsConfig,
  WatchdogConfig,
  WeirConfig,
} from '../types/config.ts';
import type { Place } from '../types/plan.ts';
import type { ConfigPath } from '../types/policy.ts';
import { parseDuration, parseSize } from '../units.ts';
import type { Environment } from './environment.ts';
import { injectedIn, secretsIn } from './injected.ts';
import { createMask } from './mask.ts';
import { parseSource } from './parse.ts';
import { type Problem, ProblemList, type Spot, type UnsetVariables } from './problems.ts';
import { CONFIG, type RawConfig } from './schema/config.ts';
import { keyOffset, type Source, type TreeNode, valueOffset } from './source.ts';
import { createValidator } from './validate.ts';

export interface ConfigContext {
  readonly env: Environment;
  /** Path that `database: bundled` stands for. */
  readonly bundledDatabase: string;
  /** As for rules: `error` by default. */
  readonly unsetVariables?: UnsetVariables;
}

export interface LoadedConfig {
  /** null where there is any error, or where nothing can be made of a value that is made up. */
  readonly config: WeirConfig | null;
  /** The settings as far as they can be told beside errors, for further checks; null where even their shape is wrong. */
  readonly draft: WeirConfig | null;
  readonly problems: Problem[];
  /** Variables that are not set and have no default. */
  readonly unset: readonly string[];
  /** Where a value stands, or, where it is not written, what it would stand in. */
  readonly placeOf: (path: ConfigPath) => Place;
  /** Absolute path of the rules folder as far as it can be told, so that rules are checked beside a faulty config. */
  readonly rules: string;
  /** What the environment put where secrets can stand, whether or not there is a config. */
  readonly secrets: readonly SecretText[];
  /** Makes the form of the config that may be shown; the config is the one above. */
  readonly show: (config: WeirConfig) => object;
}

const DEFAULT_RULES = '../rules';

/** @param file absolute path: what paths in the file are relative to */
export function loadConfig(file: string, text: string, context: ConfigContext): LoadedConfig {
  const problems = new ProblemList(context.unsetVariables);
  const source = parseSource(file, text, context.env, problems);
  createValidator(CONFIG)(source, problems);
  const rules = resolve(dirname(file), rulesOf(source));
  const { root } = source;
  const mask = createMask(root ? injectedIn(root) : []);
  // With faults in its shape the values are not what their types say; the schema has named them all.
  const draft = root && isSound(problems) ? resolveConfig(new Reader(source, root, problems), context, rules) : null;
  return {
    config: isSound(problems) ? draft : null,
    draft,
    problems: problems.sorted(),
    unset: [...problems.unset],
    placeOf: (path) => source.place(root ? valueOffset(root, path) : 0),
    rules,
    secrets: secretsIn(root, CONFIG),
    show: (config) => mask(config) as object,
  };
}

function isSound(problems: ProblemList): boolean {
  return !problems.hasErrors() && !problems.incomplete;
}

function rulesOf(source: Source): string {
  const written = source.root?.entries?.get('rules')?.node.value;
  return typeof written === 'string' && written !== '' ? written : DEFAULT_RULES;
}

/** The file while it is resolved: its values, and where they stand. */
class Reader {
  readonly file: string;
  readonly raw: RawConfig;
  readonly problems: ProblemList;
  readonly #source: Source;
  readonly #root: TreeNode;

  constructor(source: Source, root: TreeNode, problems: ProblemList) {
    this.file = source.file;
    this.raw = root.value as RawConfig;
    this.problems = problems;
    this.#source = source;
    this.#root = root;
  }

  value(path: ConfigPath): Spot {
    return { source: this.#source, offset: valueOffset(this.#root, path) };
  }

  key(path: ConfigPath): Spot {
    return { source: this.#source, offset: keyOffset(this.#root, path) };
  }

  path(written: string): string {
    return resolve(dirname(this.file), written);
  }
}

function resolveConfig(reader: Reader, context: ConfigContext, rules: string): WeirConfig {
  const { raw } = reader;
  const listeners = raw.listeners.map((_, i) => resolveListener(reader, i));
  const admin = raw.admin ? resolveAdmin(reader, raw.admin) : null;
  checkAddresses(reader, listeners, admin);
  return {
    file: reader.file,
    listeners,
    admin,
    threads: typeof raw.threads === 'number' ? raw.threads : 0,
    rules,
    reload: { settle: ms(raw.reload?.settle ?? '500ms') },
    runtime: raw.runtime === undefined ? null : reader.path(raw.runtime),
    state: raw.state === undefined ? null : reader.path(raw.state),
    watchdog: resolveWatchdog(reader),
    store: resolveStore(reader),
    geoip: resolveGeoip(reader, context),
    trustedProxies: resolveTrusted(reader),
    passHeaders: resolvePassHeaders(reader),
    log: resolveLog(raw.log),
    limits: resolveLimits(raw.limits),
  };
}

function resolveListener(reader: Reader, i: number): ListenerConfig {
  const { address, tls, halfClose = false } = reader.raw.listeners[i]!;
  const at = ['listeners', i];
  if (halfClose && tls) {
    const hint = 'TLS has no half-close before 1.3; leave it out, or put it on a plain listener';
    reader.problems.error(
      reader.value([...at, 'halfClose']),
      'half-close-over-tls',
      '`halfClose` does nothing over TLS',
      hint,
    );
  }
  return {
    ...resolveAddress(reader, address, [...at, 'address']),
    tls: tls ? resolveTls(reader, tls, [...at, 'tls']) : null,
    halfClose,
  };
}

function resolveAddress(reader: Reader, text: string, at: ConfigPath): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const written = text.slice(0, Math.max(colon, 0));
  const port = /^\d{1,5}$/.test(text.slice(colon + 1)) ? Number(text.slice(colon + 1)) : -1;
  const bracketed = written.startsWith('[') && written.endsWith(']');
  const host = bracketed ? written.slice(1, -1) : written;
  const isHost = host === 'localhost' || (canonicalAddress(host) !== null && host.includes(':') === bracketed);
  if (isHost && port >= 0 && port <= 65_535) return { host, port };
  const hint = 'write it like 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080';
  reader.problems.error(reader.value(at), 'bad-address', `\`${text}\` is not an IP address and a port`, hint);
  return { host, port: 0 };
}

function resolveTls(
  reader: Reader,
  raw: NonNullable<RawConfig['listeners'][number]['tls']>,
  at: ConfigPath,
): TlsConfig {
  const certificates = raw.certificates ?? [];
  if (certificates.length === 0) {
    const hint = 'list `{ cert: …, key: … }` under `certificates`';
    reader.problems.error(reader.key(at), 'tls-without-certificates', 'TLS needs a certificate', hint);
  }
  return {
    minVersion: raw.minVersion ?? 'TLSv1.2',
    certificates: certificates.map(({ cert, key }) => ({ cert: reader.path(cert), key: reader.path(key) })),
  };
}

/**
 * The odds of guessing a token must not exceed 2^-128 (RFC 6749 §10.10, by RFC 6750 §5.2). Base64url, the densest way in
 * use to write one, needs 22 characters for 128 bits.
 */
const TOKEN_LENGTH = 22;

function resolveAdmin(reader: Reader, raw: NonNullable<RawConfig['admin']>): AdminConfig {
  const { host, port } = resolveAddress(reader, raw.address, ['admin', 'address']);
  if (raw.token === undefined && host !== '' && !loopback(host)) {
    const message = `the admin listener on ${raw.address} can be reached from other machines and has no token`;
    const hint = 'write `token: "${env:WEIR_ADMIN_TOKEN}"`, or listen on 127.0.0.1';
    reader.problems.error(reader.value(['admin', 'address']), 'admin-token', message, hint);
  }
  if (raw.token !== undefined && raw.token.length < TOKEN_LENGTH && !raw.allowShortSecrets) {
    const message = `the admin token has fewer than ${TOKEN_LENGTH} characters, so it may be guessed`;
    const hint = 'make one with `openssl rand -base64 32`, or write `allowShortSecrets: true`';
    reader.problems.error(reader.value(['admin', 'token']), 'short-admin-token', message, hint);
  }
  return { host, port, token: raw.token === undefined ? null : { secret: raw.token } };
}

/** Port 0 asks the system for any port, so it never collides. */
function checkAddresses(reader: Reader, listeners: readonly ListenerConfig[], admin: AdminConfig | null): void {
  const seen = new Set<string>();
  const check = ({ host, port }: { host: string; port: number }, at: ConfigPath): void => {
    const address = `${canonicalAddress(host) ?? host} ${port}`;
    if (port !== 0 && seen.has(address)) {
      const message = 'another listener has this address already';
      reader.problems.error(reader.value(at), 'duplicate-address', message, 'choose another port');
    }
    seen.add(address);
  };
  listeners.forEach((listener, i) => {
    check(listener, ['listeners', i, 'address']);
  });
  if (admin) check(admin, ['admin', 'address']);
}

const LIMITS = 2 ** 16;

function resolveStore(reader: Reader): MemoryStoreConfig {
  const { store } = reader.raw;
  const memory = typeof store === 'object' ? store.memory : undefined;
  if (typeof store === 'object' && store.redis) {
    const hint = 'use `store: memory`, which is exact across the threads of one process';
    reader.problems.error(
      reader.key(['store', 'redis']),
      'store-unavailable',
      'the redis store is not in this build',
      hint,
    );
  }
  return { kind: 'memory', nonces: memory?.nonces ?? DEFAULT_NONCES, limits: memory?.limits ?? LIMITS };
}

function resolveGeoip(reader: Reader, { bundledDatabase }: ConfigContext): GeoipConfig {
  const { database = 'bundled', overrides, required = true } = reader.raw.geoip ?? {};
  return {
    database: database === 'bundled' ? bundledDatabase : reader.path(database),
    overrides: overrides === undefined ? null : reader.path(overrides),
    required,
  };
}

function resolveTrusted(reader: Reader): readonly string[] {
  const trusted = reader.raw.trustedProxies ?? [];
  trusted.forEach((text, i) => {
    if (parseCidr(text)) return;
    const hint = 'write it like 10.0.0.0/8, 127.0.0.1 or 2001:db8::/32';
    reader.problems.error(reader.value(['trustedProxies', i]), 'bad-cidr', `\`${text}\` is not a network`, hint);
  });
  return trusted;
}

function resolvePassHeaders(reader: Reader): PassHeadersConfig {
  const { fromTrusted = [], fromAnyone = [] } = reader.raw.passHeaders ?? {};
  const resolve = (names: readonly string[], key: string): string[] =>
    names.map((name, i) => {
      if ((kindOf(name) & CLAIM) === 0)
        reader.problems.error(reader.value(['passHeaders', key, i]), 'bad-value', ...notDropped(name));
      return name.toLowerCase();
    });
  return { fromAnyone: resolve(fromAnyone, 'fromAnyone'), fromTrusted: resolve(fromTrusted, 'fromTrusted') };
}

/** Message and hint for a field that the settings cannot let pass. */
function notDropped(name: string): [string, string] {
  if (!isFieldName(name)) return [`\`${name}\` is not a header name`, 'write it like x-real-ip'];
  if ((kindOf(name) & NOT_FORWARDED) === 0 && (kindOf(name) & ID_MASK) !== MAX_FORWARDS)
    return [`\`${name}\` is not dropped by default, so it passes anyway`, 'leave it out'];
  return [`\`${name}\` belongs to this hop: Weir reads it, and writes its own`, 'leave it out'];
}

function resolveLog(raw: RawConfig['log'] = {}): LogConfig {
  return { level: raw.level ?? 'info', format: raw.format ?? 'json', access: raw.access ?? true };
}

const ms = (text: string): number => parseDuration(text) ?? 0;
const bytes = (text: string): number => parseSize(text) ?? 0;

const LEAST_UNRESPONSIVE = 200;
const LEAST_MEMORY = 128 * 1024 ** 2;

function resolveWatchdog(reader: Reader): WatchdogConfig {
  const raw = reader.raw.watchdog ?? {};
  const unresponsive = ms(raw.unresponsive ?? '2s');
  const replace = ms(raw.replace ?? '10s');
  const memory = bytes(raw.memory ?? '0B');
  const wrong = (key: keyof WatchdogConfig, message: string, hint: string): void =>
    reader.problems.error(reader.value(['watchdog', key]), 'bad-value', message, hint);
  if (unresponsive < LEAST_UNRESPONSIVE)
    wrong('unresponsive', 'every thread pauses for that long now and then', 'write 200ms or more; 2s is the default');
  if (replace <= unresponsive)
    wrong('replace', '`replace` is not longer than `unresponsive`', 'make it some times as long; 10s is the default');
  if (raw.memory !== undefined && memory < LEAST_MEMORY)
    wrong('memory', 'a thread needs more than that to start', 'write 128MiB or more, or leave it out');
  return { unresponsive, replace, memory };
}

function resolveLimits(raw: RawConfig['limits'] = {}): LimitsConfig {
  return {
    headerSize: bytes(raw.headerSize ?? '16KiB'),
    bodySize: bytes(raw.bodySize ?? '10MiB'),
    headerTimeout: ms(raw.headerTimeout ?? '10s'),
    requestTimeout: ms(raw.requestTimeout ?? '60s'),
    uploadRate: bytes(raw.uploadRate ?? '500B'),
    idleTimeout: ms(raw.idleTimeout ?? '75s'),
    connections: typeof raw.connections === 'number' ? raw.connections : 0,
    drainTimeout: ms(raw.drainTimeout ?? '30s'),
    drainGrace: ms(raw.drainGrace ?? '2s'),
    policyTimeout: ms(raw.policyTimeout ?? '10s'),
  };
}
