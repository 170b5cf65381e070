/**
 * Units as people write them in YAML. Every parser returns `undefined` on a text it cannot read; the caller knows the
 * place and says what was expected.
 */

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** `250ms`, `1.5s`, `5m`, `2h`, `1d` → milliseconds. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match ? Math.round(Number(match[1]) * DURATION_MS[match[2]!]!) : undefined;
}

/** Milliseconds → `5m`, `90s`, `250ms`: whole, in the largest unit that they are a multiple of. */
export function formatDuration(ms: number): string {
  const [unit] = Object.entries(DURATION_MS).findLast(([, size]) => ms > 0 && ms % size === 0) ?? ['ms'];
  return `${ms / DURATION_MS[unit]!}${unit}`;
}

const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const SIZE = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/;

/** `16KiB`, `10MiB`, `1MB`, `512B` → bytes. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  return match ? Math.round(Number(match[1]) * SIZE_BYTES[match[2]!]!) : undefined;
}

const RATE = /^(\d+)\/(\d*)(s|m|h|d)$/;

/** `600/1m`, `10/s` → how many in how many milliseconds. */
export function parseRate(text: string): { count: number; per: number } | undefined {
  const match = RATE.exec(text);
  if (!match) return undefined;
  const per = Number(match[2] || '1') * DURATION_MS[match[3]!]!;
  return per > 0 ? { count: Number(match[1]), per } : undefined;
}

const PERCENT = /^(\d+(?:\.\d+)?)%$/;

/** `50%` → 0.5. At most 100%. */
export function parsePercent(text: string): number | undefined {
  const match = PERCENT.exec(text);
  if (!match) return undefined;
  const value = Number(match[1]) / 100;
  return value <= 1 ? value : undefined;
}
