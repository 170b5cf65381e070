/** Signs requests as a partner's own code would: written from the documentation, sharing nothing with the program. */
import { createHmac, randomUUID } from 'node:crypto';
import { parseDuration } from '../../../src/units.ts';

export interface Signer {
  readonly secret: string;
  /** Key id; null sends none. */
  readonly key?: string | null;
  readonly template?: string;
  readonly algorithm?: 'sha256' | 'sha384' | 'sha512';
  readonly encoding?: 'base64' | 'base64url' | 'hex';
  readonly timestamp?: 'unix' | 'unixMillis' | 'rfc3339';
  readonly nonce?: string;
  /** How far from now the timestamp lies: `-10m`, `4m`. */
  readonly shift?: string;
  /** Names of the fields, where they are not the usual ones. */
  readonly fields?: Readonly<Record<string, string>>;
}

const NAMES = { key: 'x-key-id', timestamp: 'x-timestamp', nonce: 'x-nonce', signature: 'x-signature' };

/** The fields that make a request signed. */
export function sign(
  by: Signer,
  request: { method: string; path: string; body: string; headers: Readonly<Record<string, unknown>> },
): Record<string, string> {
  const names = { ...NAMES, ...by.fields };
  const template = by.template ?? '{timestamp}{nonce}{body}';
  const [path, query] = request.path.split(/(?=\?)/);
  const timestamp = timestampOf(Date.now() + shiftOf(by.shift), by.timestamp ?? 'unix');
  const nonce = by.nonce ?? randomUUID();
  const values: Record<string, string> = { timestamp, nonce, body: request.body, method: request.method, path: path! };
  values.query = query ?? '';
  const text = template.replace(/\{([^}]+)\}/g, (_, name: string) =>
    name.startsWith('header.') ? String(request.headers[name.slice(7)]) : values[name]!,
  );
  const signature = createHmac(by.algorithm ?? 'sha256', by.secret)
    .update(text)
    .digest(by.encoding ?? 'base64');
  return {
    ...(by.key === null ? {} : { [names.key]: by.key ?? 'partner-a' }),
    [names.timestamp]: timestamp,
    ...(template.includes('{nonce}') ? { [names.nonce]: nonce } : {}),
    [names.signature]: signature,
  };
}

function shiftOf(text = '0s'): number {
  const size = parseDuration(text.replace(/^-/, ''));
  if (size === undefined) throw new Error(`shift: "${text}" is not a duration`);
  return text.startsWith('-') ? -size : size;
}

function timestampOf(ms: number, format: string): string {
  if (format === 'unixMillis') return String(ms);
  if (format === 'rfc3339') return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  return String(Math.floor(ms / 1000));
}
