/** All rule files as one: the entries of each section by name, in the order written. */
import { basename } from 'node:path';
import type { Place } from '../types/plan.ts';
import type { ConfigPath } from '../types/policy.ts';
import type { ProblemCode } from './codes.ts';
import { type ProblemList, quotable, type Spot } from './problems.ts';
import { SECTIONS, type SectionName } from './schema/rules.ts';
import { keyOffset, type Source, type TreeNode, valueOffset } from './source.ts';
import { didYouMean } from './suggest.ts';

/** One name of a section with what stands under it. */
export interface SectionEntry {
  readonly name: string;
  readonly source: Source;
  readonly node: TreeNode;
  /** Of the name. */
  readonly place: Place;
  readonly offset: number;
  /** False where the schema found faults: the value is not what its type says, so nothing reads it. */
  readonly sound: boolean;
}

export type Sections = Readonly<Record<SectionName, ReadonlyMap<string, SectionEntry>>>;

/** The rule files put together. */
export interface MergedRules {
  readonly sections: Sections;
  /** False where parts of files were lost, so that a name not found is not a problem of its own. */
  readonly whole: boolean;
  /** False where an entry could not be read, so that a name that seems unused may be used there. */
  readonly sound: boolean;
}

/** A source and where its schema faults are. */
export interface CheckedSource {
  readonly source: Source;
  readonly faults: readonly ConfigPath[];
}

/** Puts the files together. A name that appears twice is a problem that names both places; the first one counts. */
export function mergeSections(checked: readonly CheckedSource[], problems: ProblemList): MergedRules {
  const sections = Object.fromEntries(SECTIONS.map((name) => [name, new Map<string, SectionEntry>()])) as Record<
    SectionName,
    Map<string, SectionEntry>
  >;
  for (const { source, faults } of checked) {
    const unsound = new Set(faults.map((path) => path.slice(0, 2).join('\0')));
    for (const name of SECTIONS) {
      const section = source.root?.entries?.get(name)?.node.entries;
      for (const [key, { at, node }] of section ?? []) {
        const sound = node.whole && !unsound.has(`${name}\0${key}`);
        addEntry(sections[name], { name: key, source, node, place: source.place(at), offset: at, sound }, problems);
      }
    }
  }
  const lost = checked.some(({ source, faults }) => source.lossy || faults.some((path) => path.length < 2));
  const sound = SECTIONS.every((name) => [...sections[name].values()].every((entry) => entry.sound));
  return { sections, whole: !lost, sound: sound && !lost };
}

function addEntry(section: Map<string, SectionEntry>, entry: SectionEntry, problems: ProblemList): void {
  const first = section.get(entry.name);
  if (!first) {
    section.set(entry.name, entry);
    return;
  }
  const message = `\`${entry.name}\` is defined here and at ${elsewhere(first.place, entry.source)}`;
  problems.error(keyOf(entry), 'duplicate-name', message, 'rename or remove one of them');
}

/** A place as a message names it in the file `from`. All rule files stand in one folder. */
export function elsewhere(place: Place, from: Source): string {
  return place.file === from.file ? `line ${place.line}` : `${basename(place.file)}:${place.line}:${place.column}`;
}

/** Where the name stands. */
export function keyOf(entry: SectionEntry): Spot {
  return { source: entry.source, offset: entry.offset };
}

/** Where the value at `path` inside the entry stands. */
export function valueAt(entry: SectionEntry, path: ConfigPath): Spot {
  return { source: entry.source, offset: valueOffset(entry.node, path) };
}

/** Where the key that `path` ends with stands. */
export function keyAt(entry: SectionEntry, path: ConfigPath): Spot {
  return { source: entry.source, offset: keyOffset(entry.node, path) };
}

/** The entries that can be read, in order. */
export function soundEntries(section: ReadonlyMap<string, SectionEntry>): SectionEntry[] {
  return [...section.values()].filter((entry) => entry.sound);
}

/** Reports a reference to a name that does not exist. True where it exists, or may, in what was lost. */
export function checkName(
  rules: MergedRules,
  section: 'regions' | 'upstreams' | 'policies' | 'routes',
  name: string,
  spot: Spot,
  problems: ProblemList,
): boolean {
  if (rules.sections[section].has(name)) return true;
  if (!rules.whole) return true;
  const what = section === 'policies' ? 'policy' : section.slice(0, -1);
  const names = [...rules.sections[section].keys()];
  const quoted = quotable(name, spot);
  const hint = names.length === 0 ? `there are no ${section}` : didYouMean(quoted, names, section);
  problems.error(spot, `unknown-${what}` as ProblemCode, `there is no ${what} \`${quoted}\``, hint);
  return false;
}
