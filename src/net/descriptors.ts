/** File descriptors of this process. */
import { closeSync, openSync } from 'node:fs';

/** Can one be had? False where the process or the system has none left. */
export function hasDescriptor(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'EMFILE' && code !== 'ENFILE';
  }
}
