/** `${env:NAME}` and `${env:NAME:-default}` in YAML values, put in when the file is loaded. */

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const OPEN = '${env:';
const REFERENCE = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/;

export interface Substituted {
  readonly text: string;
  /** Variables that are neither set nor have a default. */
  readonly missing: readonly string[];
  /** Offset of a reference that cannot be read, or -1. */
  readonly malformed: number;
}

/**
 * Replaces every reference in `text`. As in a shell, `:-` counts where the variable is unset or empty; what a variable
 * holds is taken as it is and not looked through again.
 */
export function substituteEnv(text: string, env: Environment): Substituted {
  const missing: string[] = [];
  let out = '';
  let from = 0;
  for (let at = text.indexOf(OPEN); at >= 0; at = text.indexOf(OPEN, from)) {
    const match = REFERENCE.exec(text.slice(at));
    if (!match) return { text, missing, malformed: at };
    const [whole, name, fallback] = match;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined && fallback === undefined) missing.push(name);
    out += text.slice(from, at) + (value || (fallback ?? value ?? ''));
    from = at + whole.length;
  }
  return { text: out + text.slice(from), missing, malformed: -1 };
}

/** Does `text` refer to the environment at all? */
export function mentionsEnv(text: string): boolean {
  return text.includes(OPEN);
}
