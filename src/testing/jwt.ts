/** An Exchange, an Env and an issuer for the tests of the policy kind jwt. */
import assert from 'node:assert/strict';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { Fields, type Pairs } from '../fields/fields.ts';
import type { RawJwt } from '../policies/jwt/config.ts';
import { jwt } from '../policies/jwt/index.ts';
import type { Env, Exchange, Log, Reply, ResolveContext } from '../types/policy.ts';

/** Virtual seconds since the epoch at the start of each test. */
export const START = 1_800_000_000;
export const ISSUER = 'https://issuer.example.com';

export interface Answered {
  /** '' where the request goes on. */
  readonly code: string;
  readonly challenge: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly headers: Fields;
  /** Did the answer come at once, without a promise? */
  readonly sync: boolean;
}

export interface Gate {
  send(...authorization: string[]): Promise<Answered>;
  /** Non-zero counters by label. */
  counts(): Record<string, number>;
  /** Compiles again on the same state, as a reload does. */
  reload(raw: RawJwt): void;
}

export interface World {
  /** Seconds. */
  time: number;
  readonly lines: string[];
  gate(raw: RawJwt): Gate;
}

export function world(): World {
  const lines: string[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const self: World = { time: START, lines, gate: (raw) => gate(raw, () => self.time * 1000, log) };
  return self;
}

function gate(first: RawJwt, now: () => number, log: Log): Gate {
  const counters = new Map<string, { value: number }>();
  const states = new Map<string, object>();
  let facts: Record<string, string> = {};
  const at = <V>(map: Map<string, V>, key: string, create: () => V): V => {
    const value = map.get(key) ?? create();
    map.set(key, value);
    return value;
  };
  const env = {
    name: 'login',
    now,
    log,
    state: (identity: string, create: () => object) => at(states, identity, create),
    counter: (_family: string, labels: Record<string, string> = {}) =>
      at(counters, Object.values(labels).join(), () => ({ value: 0 })),
    provide: (name: string) => (_x: Exchange, value: string) => {
      facts[name] = value;
    },
  } as unknown as Env;
  const compile = (raw: RawJwt) => jwt.compile(jwt.resolve(raw, strict), env);
  let hooks = compile(first);

  async function send(...authorization: string[]): Promise<Answered> {
    facts = {};
    const headers = Fields.of('host', 'x', ...authorization.flatMap((value) => ['Authorization', value]));
    const error = (code: string, more: Pairs = []) =>
      ({ status: 0, headers: Fields.from(more), body: '', code }) as unknown as Reply;
    const answer = hooks.admit!({ headers, error } as unknown as Exchange);
    const reply = await answer;
    const challenge = reply?.headers.get('www-authenticate') ?? '';
    return { code: reply?.code ?? '', challenge, facts, headers, sync: !(answer instanceof Promise) };
  }

  return {
    send,
    counts: () =>
      Object.fromEntries([...counters].filter(([, { value }]) => value > 0).map(([key, { value }]) => [key, value])),
    reload: (raw) => {
      hooks = compile(raw);
    },
  };
}

const strict: ResolveContext = {
  problem: (_at, code, message) => assert.fail(`${code}: ${message}`),
  resolvePath: (path) => path,
};

/** A key pair that signs tokens. */
export interface Signer {
  readonly jwk: JWK;
  sign(claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
}

const CLAIMS: JWTPayload = { iss: ISSUER, aud: 'relay', sub: 'user-1', jti: 'id-1', exp: START + 300 };

export async function signer(alg: string, kid?: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  return {
    jwk: { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid }) },
    sign: (claims = {}, header = {}) =>
      new SignJWT(defined({ ...CLAIMS, ...claims })).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  };
}

export function signSecret(secret: string, claims: JWTPayload = {}, alg = 'HS256'): Promise<string> {
  return new SignJWT(defined({ ...CLAIMS, ...claims }))
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));
}

/** A claim set to undefined is left out. */
function defined(claims: JWTPayload): JWTPayload {
  return JSON.parse(JSON.stringify(claims));
}
