/** nginx, plain and with Lua. Debian: `apt-get install nginx-extras` (and lua-nginx-redis, redis-server). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE } from '../clients.ts';
import { COUNTRY_REGION, DEFAULT_REGION, OVERRIDES, POST_MAPPED, SECRET, WINDOW_SECONDS } from '../rules.ts';
import { BENCH, CERTIFICATE, CERTIFICATE_KEY, fill } from './files.ts';
import { freePort, startServer } from './processes.ts';
import type { Running, Setting, Subject } from './types.ts';

const NGINX = '/usr/sbin/nginx';
const MODULES = '/usr/lib/nginx/modules';
const REDIS = '/usr/bin/redis-server';
const NEEDED = ['ndk_http', 'ngx_http_lua', 'ngx_http_geoip2', 'ngx_http_headers_more_filter'];
/** What one nonce takes in a shared dictionary, with room to spare. */
const NONCE_BYTES = 256;

const withoutNginx = () => (existsSync(NGINX) ? '' : 'no nginx here: apt-get install nginx-extras');
const withoutLua = () =>
  NEEDED.every((name) => existsSync(join(MODULES, `${name}_module.so`)))
    ? withoutNginx()
    : 'no nginx with Lua here: apt-get install nginx-extras';

function withoutRedis(): string {
  const here = existsSync(REDIS) && existsSync('/usr/share/lua/5.1/nginx/redis.lua');
  return here ? withoutLua() : 'no Redis for Lua here: apt-get install redis-server lua-nginx-redis';
}

export const nginxPlain: Subject = {
  name: 'nginx',
  title: 'nginx, plain reverse proxy, kept upstream connections',
  rules: false,
  loads: ['post', 'get'],
  missing: withoutNginx,
  start: (setting) => startNginx('plain.conf', setting, {}),
};

const TLS = [
  `ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${CERTIFICATE_KEY};`,
  'ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;',
  'http2_max_concurrent_streams 256;',
].join(' ');

export const nginxTls: Subject = {
  ...nginxPlain,
  name: 'nginx-tls',
  title: 'nginx, plain reverse proxy behind TLS 1.3 and HTTP/2',
  loads: ['tls', 'h2'],
  secure: true,
  start: (setting) => startNginx('plain.conf', setting, { tls: ' ssl http2', extra: TLS }),
};

/** Neither side is buffered, so that both stream: nginx would write what is large into files. */
export const nginxStreaming: Subject = {
  ...nginxPlain,
  name: 'nginx-streaming',
  title: 'nginx, plain reverse proxy that buffers no request and writes no reply to a file',
  loads: [],
  start: (setting) =>
    startNginx('plain.conf', setting, {
      extra: 'client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;',
    }),
};

export const nginxLua: Subject = {
  name: 'nginx-lua',
  title: 'nginx + Lua, five rules, lua_shared_dict',
  rules: true,
  loads: ['post'],
  missing: withoutLua,
  start: (setting) => startNginx('five.conf', setting, {}),
};

export const nginxLuaLog: Subject = {
  ...nginxLua,
  name: 'nginx-lua-log',
  title: 'nginx + Lua, five rules, with a buffered access log',
  start: (setting) => {
    const accessLog = `${setting.folder}/access.log combined buffer=64k flush=1s`;
    return startNginx('five.conf', setting, { accessLog });
  },
};

export const nginxLuaRedis: Subject = {
  ...nginxLua,
  name: 'nginx-lua-redis',
  title: 'nginx + Lua, five rules, nonces in Redis (its CPU time not counted)',
  missing: withoutRedis,
  start: startWithRedis,
};

async function startWithRedis(setting: Setting): Promise<Running> {
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', setting.folder];
  const redis = await startServer(
    [REDIS, ...args.map(String)],
    port,
    join(setting.folder, 'redis.log'),
    setting.folder,
  );
  try {
    const nginx = await startNginx('five.conf', setting, { redis: port });
    const stop = async () => {
      try {
        await nginx.stop();
      } finally {
        await redis.stop();
      }
    };
    return { ...nginx, stop };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

async function startNginx(
  template: string,
  setting: Setting,
  extra: Readonly<Record<string, string | number>>,
): Promise<Running> {
  const port = await freePort();
  const file = join(setting.folder, 'nginx.conf');
  writeFileSync(
    file,
    fill(readFileSync(join(BENCH, 'nginx', template), 'utf8'), { ...words(setting, port), ...extra }),
  );
  const command = [NGINX, '-p', setting.folder, '-e', join(setting.folder, 'error.log'), '-c', file];
  return startServer(command, port, join(setting.folder, 'output.log'), setting.folder);
}

function words(setting: Setting, port: number): Record<string, string | number> {
  return {
    ...setting.upstreams,
    port,
    folder: setting.folder,
    here: join(BENCH, 'nginx'),
    modules: MODULES,
    database: DATABASE,
    // Started by root, workers would run as www-data and could read neither the database nor the Lua file.
    user: process.getuid?.() === 0 ? 'user root;' : '',
    accessLog: 'off',
    tls: '',
    extra: '',
    nonces: Math.max(16, Math.ceil((setting.nonces * NONCE_BYTES) / 2 ** 20)),
    secret: SECRET,
    window: WINDOW_SECONDS,
    redis: 'false',
    mapped: POST_MAPPED,
    defaultRegion: DEFAULT_REGION,
    countries: list(Object.entries(COUNTRY_REGION)),
    overrides: list(OVERRIDES),
  };
}

function list(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([from, to]) => `${from} ${to};`).join(' ');
}
