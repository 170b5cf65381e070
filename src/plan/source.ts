/** A YAML file as the checks see it: plain values, each with the place where it stands. */
import { LineCounter } from 'yaml';
import type { Place } from '../types/plan.ts';
import type { ConfigPath } from '../types/policy.ts';
import type { ScalarOrigin } from './environment.ts';

/** One value of the file. Values of maps and lists hold the values of their children. */
export interface TreeNode {
  /** Plain data, environment put in. Only the coercion of substituted scalars changes it. */
  value: unknown;
  /** Offsets of the value in the text. */
  readonly at: number;
  readonly end: number;
  readonly entries: ReadonlyMap<string, TreeEntry> | null;
  readonly items: readonly TreeNode[] | null;
  /** Where a scalar that refers to the environment has its text from: never shown, but for what is written. */
  readonly origin: ScalarOrigin | null;
  /** This, or something in it, has an origin. */
  readonly injected: boolean;
  /** The variable is not set: the value is made up, and whatever is wrong with it is no problem of the file. */
  readonly standIn?: true;
  /** What was written here could not be taken as it is, which is a problem already; the value is made up. */
  readonly lost: boolean;
  /** Neither this nor anything in it was lost. */
  readonly whole: boolean;
  /** Values in all, aliases counted at their full size, long texts as several. */
  readonly size: number;
}

export interface TreeEntry {
  /** Offset of the key. */
  readonly at: number;
  readonly node: TreeNode;
}

const SHOWN = 60;

export class Source {
  readonly file: string;
  readonly text: string;
  /** Of our own making: the one that the parser fills misses line ends in some texts it refuses. */
  readonly #lines = new LineCounter();
  root: TreeNode | null = null;
  /** Scalars that refer to the environment, by the offset where they or an alias of theirs stand. */
  readonly #injected = new Map<number, TreeNode>();
  /** True where something of the file was lost, so that a name not found may well have been defined there. */
  lossy = false;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#lines.addNewLine(0);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lines.addNewLine(at + 1);
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** Takes note of a scalar that has an origin. */
  inject(node: TreeNode): void {
    this.#injected.set(node.at, node);
  }

  /** The scalar at `offset` that refers to the environment, if one stands there. */
  injectedAt(offset: number): TreeNode | undefined {
    return this.#injected.get(offset);
  }

  /** The value as it is written, cut to a length that fits a message. */
  written(node: TreeNode): string {
    const text = this.text.slice(node.at, node.end).trim().replaceAll(/\s+/g, ' ');
    return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  }
}

/** The node at `path` below `node`, or the deepest one on the way there. */
export function nodeAt(node: TreeNode, path: ConfigPath): TreeNode {
  let here = node;
  for (const step of path) {
    const next = here.entries?.get(String(step))?.node ?? here.items?.[Number(step)];
    if (!next) return here;
    here = next;
  }
  return here;
}

/** Offset of the value at `path` below `node`, or of the deepest one on the way there. */
export function valueOffset(node: TreeNode, path: ConfigPath): number {
  return nodeAt(node, path).at;
}

/** Offset of the key that `path` ends with; of the value where `path` ends in a list. */
export function keyOffset(node: TreeNode, path: ConfigPath): number {
  const parent = nodeAt(node, path.slice(0, -1));
  return parent.entries?.get(String(path.at(-1)))?.at ?? valueOffset(node, path);
}
