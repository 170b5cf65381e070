/** `${env:NAME}` and `${env:NAME:-default}` in YAML values, put in when the file is loaded. */
import type { SecretText } from '../log/redact.ts';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const OPEN = '${env:';
const REFERENCE = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/;

/** Where the text of a scalar came from, for whoever shows it, masks it or hashes it. */
export interface ScalarOrigin {
  /** The text in the file, with its references. */
  readonly written: string;
  /** The text that they make. */
  readonly text: string;
  /** What variables put into it. Empty where every reference fell back to its default, which stands in the file. */
  readonly values: readonly SecretText[];
}

export interface Substituted extends ScalarOrigin {
  /** Variables that are unset or empty and have no default; {@link standInFor} is in the text for them. */
  readonly missing: readonly string[];
  /** Offset of a reference that cannot be read, or -1. */
  readonly malformed: number;
  /** Characters that variables put in; more than were allowed where the text ends before a reference for that reason. */
  readonly injected: number;
}

/**
 * Replaces every reference in `written`. An empty variable counts as unset, as it does for `:-` in a shell: a deployment
 * whose secret was lost often has it set to nothing. What a variable holds is taken as it is and not looked through again.
 *
 * @param most characters that variables may put in: a file of 2 MiB has room for 200,000 references.
 */
export function substituteEnv(written: string, env: Environment, most = Number.POSITIVE_INFINITY): Substituted {
  const missing: string[] = [];
  const values = new Map<string, SecretText>();
  let malformed = -1;
  let injected = 0;
  let text = '';
  let from = 0;
  for (let at = written.indexOf(OPEN); at >= 0; at = written.indexOf(OPEN, from)) {
    const match = REFERENCE.exec(written.slice(at));
    if (!match) {
      malformed = at;
      break;
    }
    const [whole, name, fallback] = match;
    const value = (Object.hasOwn(env, name!) && env[name!]) || undefined;
    if (value === undefined && fallback === undefined) missing.push(name!);
    const put = value ?? (fallback === undefined ? standInFor(name!) : undefined);
    injected += put?.length ?? 0;
    if (injected > most) break;
    if (put !== undefined) values.set(name!, { value: put, reference: `\${env:${name}}` });
    text += written.slice(from, at) + (put ?? fallback);
    from = at + whole.length;
  }
  if (malformed >= 0) text = written;
  else if (injected <= most) text += written.slice(from);
  return { written, text, values: [...values.values()], missing, malformed, injected };
}

/** What a missing variable is taken for where rules are checked without it: as long as any secret must be. */
export function standInFor(name: string): string {
  return `unset-${name.toLowerCase().replaceAll('_', '-')}-`.padEnd(64, 'x');
}

/** Does `text` refer to the environment at all? */
export function mentionsEnv(text: string): boolean {
  return text.includes(OPEN);
}
