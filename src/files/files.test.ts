import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Files, IrregularError, OverdueError } from './files.ts';

function fixture(t: TestContext, content: string | Buffer = 'text'): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'file'), content);
  return join(folder, 'file');
}

describe('Files', () => {
  it('reads a regular file, up to what it may', async (t) => {
    const file = fixture(t, Buffer.alloc(100_000, 'abc'));
    const files = new Files();
    assert.ok((await files.read(file, 1e6)).equals(Buffer.alloc(100_000, 'abc')));
    assert.equal((await files.read(file, 100_000)).length, 100_000);
    assert.equal((await files.read(file, 10)).toString(), 'abcabcabca');
  });

  it('reads files that do not say how long they are', async () => {
    assert.match((await new Files().read('/proc/self/status', 1e6)).toString(), /^Name:/);
  });

  it('reads nothing that is not a regular file', async (t) => {
    const folder = join(fixture(t), '..');
    for (const path of [folder, '/dev/zero', '/dev/null'])
      await assert.rejects(new Files().read(path, 10), IrregularError);
  });

  it('gives up on what does not answer, and asks nothing more until it does', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const file = fixture(t);
    const files = new Files(5000);
    const { promise, resolve } = Promise.withResolvers<string>();
    const late: string[] = [];
    const first = files.within(
      '/mnt/a',
      () => promise,
      (found) => late.push(found),
    );
    const overdue = assert.rejects(first, (error: Error) => {
      assert.ok(error instanceof OverdueError);
      assert.equal(error.message, '/mnt/a does not answer: its disk or mount may hang');
      return true;
    });
    t.mock.timers.tick(5000);
    await overdue;
    let asked = 0;
    await assert.rejects(
      files.within('/mnt/b', async () => asked++),
      { message: '/mnt/a does not answer: its disk or mount may hang' },
    );
    assert.equal(asked, 0);
    await assert.rejects(files.read(file, 10), OverdueError);
    resolve('at last');
    await promise;
    await Promise.resolve();
    assert.deepEqual(late, ['at last']);
    assert.equal((await files.read(file, 10)).toString(), 'text');
  });

  it('of several calls that are overdue the first one that returns ends nothing while another is under way', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const files = new Files(5000);
    const calls = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const both = calls.map(({ promise }, i) =>
      assert.rejects(
        files.within(`/mnt/${i}`, () => promise),
        OverdueError,
      ),
    );
    t.mock.timers.tick(5000);
    await Promise.all(both);
    for (const { promise, resolve } of calls) {
      await assert.rejects(
        files.within('/x', async () => {}),
        OverdueError,
      );
      resolve();
      await promise;
      await Promise.resolve();
    }
    await files.within('/x', async () => {});
  });
});
