/** Tells when something in a folder may have changed. Too often is fine: who asks compares what it reads. */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Log } from '../types/policy.ts';
import { debounced } from './debounce.ts';

export interface FolderWatchOptions {
  readonly folder: string;
  readonly log: Log;
  /** Called once after a burst of changes has been quiet for `debounce`. */
  readonly onChange: () => void;
  /** Milliseconds of quiet; 75 by default. A burst that never ends is cut off after ten times as long. */
  readonly debounce?: number;
  /** Milliseconds between looks at where the folder's path leads and what it holds; 2000 by default. */
  readonly poll?: number;
}

export interface FolderWatch {
  /** Resolves when changes from now on are seen. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/**
 * Watches the files of a folder: written in place, replaced by rename, added, removed, swapped behind a Kubernetes
 * ConfigMap's `..data` link, or the folder itself replaced, by another one or by turning a link on the way to it. A
 * system that cannot watch costs a warning, not the start: SIGHUP and the admin listener still reload.
 *
 * The watcher is quick but not sure: the system says nothing of a link that turns (`current → releases/42`), and on a
 * busy machine chokidar loses changes that follow one another quickly. So the folder is looked at now and then as well.
 */
export function watchFolder(options: FolderWatchOptions): FolderWatch {
  const folder = resolve(options.folder);
  // What was there when a change was last told: whatever comes after that differs from it.
  let told = content(folder);
  const tell = (): void => {
    told = content(folder);
    options.onChange();
  };
  const changed = debounced(tell, options.debounce ?? 75);
  let watcher = open(folder, changed.trigger, options.log);
  const ready = new Promise<void>((done) => {
    watcher.once('ready', done);
  });
  let known = target(folder);
  const lookAgain = (): void => {
    const now = target(folder);
    if (now !== known && now !== '') {
      known = now;
      void watcher.close();
      watcher = open(folder, changed.trigger, options.log);
      changed.trigger();
    } else if (content(folder) !== told) changed.trigger();
  };
  const looks = setInterval(lookAgain, options.poll ?? 2000).unref();
  return {
    ready,
    close: () => {
      clearInterval(looks);
      changed.cancel();
      return watcher.close();
    },
  };
}

function open(folder: string, changed: () => void, log: Log): FSWatcher {
  const watcher = watch(folder, {
    ignoreInitial: true,
    // Entries of the folder, and one level below: with 0, chokidar 6 loses a folder that is moved away and made anew.
    depth: 1,
    // Its own debouncing of editors would only add to ours.
    atomic: false,
    ignorePermissionErrors: true,
    ignored: (path) => path !== folder && isNoise(basename(path)),
  });
  watcher.on('all', changed);
  watcher.on('error', (error) => {
    log.warn({ folder, err: error }, 'changes of this folder may go unseen; SIGHUP reloads');
  });
  return watcher;
}

/** Names, sizes, times and inodes of what the folder holds, links followed. */
function content(folder: string): string {
  try {
    return readdirSync(folder)
      .filter((name) => !isNoise(name))
      .map((name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        return stat ? `${name} ${stat.size} ${stat.mtimeMs} ${stat.ino}` : name;
      })
      .join('\n');
  } catch {
    return '';
  }
}

/** '' where there is no such folder. */
function target(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return '';
  }
}

/** Dot files, editors' backups and probes, a ConfigMap's dated folders; but not its `..data` link. */
export function isNoise(name: string): boolean {
  if (name === '..data') return false;
  return name.startsWith('.') || name.endsWith('~') || name.endsWith('.tmp') || name === '4913' || /^#.*#$/.test(name);
}
