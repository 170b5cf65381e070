/** `npm run build`: what the package ships. `dist/` holds the program with declarations; `src/main.cjs` starts it. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
// tsc leaves what is JavaScript already.
const generated = join('plan', 'generated', 'validators.js');
if (status === 0) cpSync(join(root, 'src', generated), join(root, 'dist', generated));
process.exitCode = status ?? 1;
