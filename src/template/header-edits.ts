/**
 * Edits of a message's fields, compiled once per reload.
 *
 * All templates are rendered first, from the fields as they came; then fields are removed, then defaults, sets and adds are
 * made. So `remove: [x-internal-*]` with `set: { x-internal-user: … }` leaves only what Weir says, and a field can be
 * renamed by setting the new one from the old one and removing the old one.
 *
 * A value that comes out empty sends no field, and one that no field can hold (CR, LF, NUL, other controls, characters
 * beyond Latin-1) is taken for empty: what a `set` replaces is gone, and nothing takes its place. Dropping only the bad
 * characters would make a value that was not sent: `a\nb` and `ab` would become one identity.
 */
import type { Fields } from '../fields/fields.ts';
import { isFieldName, isFieldValue, Line } from '../fields/line.ts';
import { CONTENT_LENGTH, HOP_BY_HOP, ID_MASK, kindOf } from '../fields/names.ts';
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
  const kind = kindOf(name);
  return (kind & ID_MASK) === CONTENT_LENGTH || (kind & HOP_BY_HOP) !== 0;
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
  /** Ready where its value is always the same. */
  readonly line: Line | null;
  /** '' = no field. */
  readonly value: (x: X) => string;
}

/**
 * Makes the function that applies `edits` to a message's fields, in place and in one pass. Names keep the case they are
 * written in.
 * @throws {Error} where the check would have reported an error: a bad template, a name or a constant no field can have,
 * a framing field.
 */
export function compileHeaderEdits<X>(
  edits: HeaderEdits,
  reader: (fact: string) => (x: X) => string,
): (x: X, fields: Fields) => void {
  const compile = (map: Readonly<Record<string, string>>, isDefault: boolean) =>
    Object.entries(map).map(([name, text]) => compileField(name, text, isDefault, reader));
  const sets = compile(edits.set, false);
  const defaults = compile(edits.default, true).filter(({ lower }) => !sets.some((set) => set.lower === lower));
  const made = [...defaults, ...sets, ...compile(edits.add, false)];
  for (const name of edits.remove) if (isFraming(name.toLowerCase())) throw new Error(`"${name}" cannot be removed`);
  const drop = compileDrops([...Object.keys(edits.set), ...edits.remove]);
  if (made.length === 0) return (_x, fields) => drop?.(fields);
  if (made.length === 1) {
    const [field] = made;
    return (x, fields) => {
      const value = field!.value(x);
      drop?.(fields);
      append(fields, field!, value);
    };
  }
  return (x, fields) => {
    const values = new Array<string>(made.length);
    for (let i = 0; i < made.length; i++) values[i] = made[i]!.value(x);
    drop?.(fields);
    for (let i = 0; i < made.length; i++) append(fields, made[i]!, values[i]!);
  };
}

function append<X>(fields: Fields, { name, lower, isDefault, line }: Field<X>, value: string): void {
  if (value === '' || (isDefault && fields.indexOfTwin(lower) >= 0)) return;
  if (line !== null) fields.addLine(line);
  else fields.tryAdd(name, value);
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
  const value = compileTemplate(template, reader);
  if (constant === undefined) return { name, lower, isDefault, line: null, value };
  if (!isFieldValue(constant)) throw new Error(`${name}: no field can have this value`);
  return { name, lower, isDefault, line: Line.kept(name, constant), value };
}

/** Makes the function that drops all fields that one of `patterns` names; null where there are none. */
function compileDrops(patterns: readonly string[]): ((fields: Fields) => void) | null {
  if (patterns.length === 0) return null;
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const byLength = namesByLength(lower.filter((pattern) => !pattern.includes('*')));
  const globs = lower.filter((pattern) => pattern.includes('*')).map(compileDropGlob);
  const drops = (fields: Fields, i: number): boolean => {
    const length = fields.nameLength(i);
    const names = length < byLength.length ? byLength[length]! : null;
    if (names !== null && isOneOf(names, fields, i)) return true;
    return globs.length > 0 && matchesOne(globs, fields, i);
  };
  return (fields) => fields.dropWhere(drops);
}

/** Most fields are kept because no name has their length: no lower-casing, no hashing. */
function namesByLength(names: readonly string[]): readonly (readonly string[] | null)[] {
  const longest = names.reduce((most, name) => Math.max(most, name.length), -1);
  return Array.from({ length: longest + 1 }, (_, length) => {
    const same = names.filter((name) => name.length === length);
    return same.length === 0 ? null : same;
  });
}

/** `X_Client_Region` too, beside the `x-client-region` that a rule sets: see {@link Fields.indexOfTwin}. */
function isOneOf(names: readonly string[], fields: Fields, at: number): boolean {
  for (let i = 0; i < names.length; i++) if (fields.beginsLike(at, names[i]!)) return true;
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

function matchesOne(globs: readonly DropGlob[], fields: Fields, at: number): boolean {
  for (let i = 0; i < globs.length; i++) {
    if (!fields.beginsLike(at, globs[i]!.head)) continue;
    const name = fields.name(at).toLowerCase();
    if (!globs[i]!.matches(name.replaceAll('_', '-'))) continue;
    // A glob may be wider than its author thought: `content-*` must not take the framing away.
    if (!isFraming(name) && name !== 'host') return true;
  }
  return false;
}
