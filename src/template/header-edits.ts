/**
 * Edits of a header list, compiled once per reload.
 *
 * All templates are rendered first, from the list as it came; then fields are removed, then defaults, sets and adds are
 * made. So `remove: [x-internal-*]` with `set: { x-internal-user: … }` leaves only what Weir says, and a field can be
 * renamed by setting the new one from the old one and removing the old one.
 *
 * A value that comes out empty sends no field, and one that no field can hold (CR, LF, NUL, other controls, characters
 * beyond Latin-1) is taken for empty: what a `set` replaces is gone, and nothing takes its place. Dropping only the bad
 * characters would make a value that was not sent: `a\nb` and `ab` would become one identity.
 */
import { beginsLike, type HeaderList, HOP_BY_HOP, indexOfTwin, isFieldName, isFieldValue } from '../headers.ts';
import { compileGlob } from './glob.ts';
import { compileTemplate, constantText, parseTemplate } from './template.ts';

/** Values are template texts. */
export interface HeaderEdits {
  /** Drops every field of the name and appends this one. */
  readonly set: Readonly<Record<string, string>>;
  /** Appends a field beside those that are there. */
  readonly add: Readonly<Record<string, string>>;
  /** Appends a field where there is none of the name after the removals. */
  readonly default: Readonly<Record<string, string>>;
  /** Names, or globs such as `x-internal-*`. */
  readonly remove: readonly string[];
}

/**
 * True for fields that belong to the connection or the framing and not to the message's author (lower case). No edit
 * can make or drop them: with `Content-Length` or `Transfer-Encoding` alone a rule could split a request in two.
 */
export function isFraming(name: string): boolean {
  return name === 'content-length' || HOP_BY_HOP.has(name);
}

/** True where rules can make a field of this name: a token, but without `*`, which is for removals only. */
export function isSettableName(name: string): boolean {
  return isFieldName(name) && !name.includes('*');
}

/** True for an edit list that does nothing. */
export function isEmptyEdits(edits: HeaderEdits): boolean {
  return (
    edits.remove.length === 0 && [edits.set, edits.add, edits.default].every((map) => Object.keys(map).length === 0)
  );
}

interface Field<X> {
  readonly name: string;
  readonly lower: string;
  readonly isDefault: boolean;
  /** '' = no field. */
  readonly value: (x: X) => string;
}

/**
 * Makes the function that applies `edits` to a list, in place and in one pass. Names keep the case they are written in.
 * @throws {Error} where the check would have reported an error: a bad template, a name or a constant no field can have,
 * a framing field.
 */
export function compileHeaderEdits<X>(
  edits: HeaderEdits,
  reader: (fact: string) => (x: X) => string,
): (x: X, list: HeaderList) => void {
  const compile = (map: Readonly<Record<string, string>>, isDefault: boolean) =>
    Object.entries(map).map(([name, text]) => compileField(name, text, isDefault, reader));
  const sets = compile(edits.set, false);
  const defaults = compile(edits.default, true).filter(({ lower }) => !sets.some((set) => set.lower === lower));
  const fields = [...defaults, ...sets, ...compile(edits.add, false)];
  for (const name of edits.remove) if (isFraming(name.toLowerCase())) throw new Error(`"${name}" cannot be removed`);
  const drop = compileDrops([...Object.keys(edits.set), ...edits.remove]);
  if (fields.length === 0) return (_x, list) => drop?.(list);
  if (fields.length === 1) {
    const [field] = fields;
    return (x, list) => {
      const value = field!.value(x);
      drop?.(list);
      append(list, field!, value);
    };
  }
  return (x, list) => {
    const values = new Array<string>(fields.length);
    for (let i = 0; i < fields.length; i++) values[i] = fields[i]!.value(x);
    drop?.(list);
    for (let i = 0; i < fields.length; i++) append(list, fields[i]!, values[i]!);
  };
}

function append<X>(list: HeaderList, field: Field<X>, value: string): void {
  if (value === '' || (field.isDefault && indexOfTwin(list, field.lower) >= 0)) return;
  list.push(field.name, value);
}

function compileField<X>(
  name: string,
  text: string,
  isDefault: boolean,
  reader: (fact: string) => (x: X) => string,
): Field<X> {
  const lower = name.toLowerCase();
  if (!isSettableName(name) || isFraming(lower)) throw new Error(`the field "${name}" cannot be set`);
  const template = parseTemplate(text);
  if ('problem' in template) throw new Error(`${name}: ${template.problem}`);
  const constant = constantText(template);
  const render = compileTemplate(template, reader);
  if (constant === undefined) return { name, lower, isDefault, value: (x) => sendable(render(x)) };
  if (!isFieldValue(constant)) throw new Error(`${name}: no field can have this value`);
  return { name, lower, isDefault, value: render };
}

function sendable(value: string): string {
  return isFieldValue(value) ? value : '';
}

/** Makes the function that drops all fields that one of `patterns` names; null where there are none. */
function compileDrops(patterns: readonly string[]): ((list: HeaderList) => void) | null {
  if (patterns.length === 0) return null;
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const byLength = namesByLength(lower.filter((pattern) => !pattern.includes('*')));
  const globs = lower.filter((pattern) => pattern.includes('*')).map(compileDropGlob);
  return (list) => {
    let to = 0;
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i]!;
      const names = name.length < byLength.length ? byLength[name.length]! : null;
      if (names !== null && isOneOf(names, name)) continue;
      if (globs.length > 0 && matchesOne(globs, name)) continue;
      if (to !== i) {
        list[to] = name;
        list[to + 1] = list[i + 1]!;
      }
      to += 2;
    }
    if (to !== list.length) list.length = to;
  };
}

/** Most fields are kept because no name has their length: no lower-casing, no hashing. */
function namesByLength(names: readonly string[]): readonly (readonly string[] | null)[] {
  const longest = names.reduce((most, name) => Math.max(most, name.length), -1);
  return Array.from({ length: longest + 1 }, (_, length) => {
    const same = names.filter((name) => name.length === length);
    return same.length === 0 ? null : same;
  });
}

/** `X_Client_Region` too, beside the `x-client-region` that a rule sets: see {@link indexOfTwin}. */
function isOneOf(names: readonly string[], candidate: string): boolean {
  for (let i = 0; i < names.length; i++) {
    if (beginsLike(candidate, names[i]!)) return true;
  }
  return false;
}

interface DropGlob {
  /** What stands before the first `*`. */
  readonly head: string;
  /** `name` in lower case and with `-` for `_`. */
  readonly matches: (name: string) => boolean;
}

function compileDropGlob(glob: string): DropGlob {
  return { head: glob.slice(0, glob.indexOf('*')), matches: compileGlob(glob.replaceAll('_', '-')) };
}

function matchesOne(globs: readonly DropGlob[], candidate: string): boolean {
  for (let i = 0; i < globs.length; i++) {
    if (!beginsLike(candidate, globs[i]!.head)) continue;
    const name = candidate.toLowerCase();
    if (!globs[i]!.matches(name.replaceAll('_', '-'))) continue;
    // A glob may be wider than its author thought: `content-*` must not take the framing away.
    if (!isFraming(name) && name !== 'host') return true;
  }
  return false;
}
