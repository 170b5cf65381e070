/** The docs say what the program does: tables are the code's own, links lead somewhere, commands are the demo's. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { demoCommands } from '../../src/demo/commands.ts';
import { allTables, PAGES, pageFile, renderPage, tablesOf } from '../tools/docs.ts';

const read = (page: string) => readFileSync(pageFile(page), 'utf8');

/** What these say of was true in its time. */
const HISTORY = ['CHANGELOG.md', 'docs/decisions.md'];
/** Files that stand there while something runs. */
const MADE = ['config/demo.env', 'rules/.new'];

describe('the tables in the docs', () => {
  for (const page of PAGES) {
    test(`${page} is current`, () => {
      const text = read(page);
      assert.ok(text === renderPage(text), `${page} is out of date: run node test/tools/docs.ts --write`);
    });
  }

  test('every table stands on a page', () => {
    const shown = PAGES.flatMap((page) => tablesOf(read(page)));
    assert.deepEqual(shown.toSorted(), allTables().toSorted());
  });
});

describe('the pages', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...readdirSync(pageFile('docs')).map((name) => `docs/${name}`)];

  test('every link inside the repository leads to a file', () => {
    const dead: string[] = [];
    for (const page of pages.filter((name) => name.endsWith('.md')))
      for (const [, target] of read(page).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g))
        if (!existsSync(join(dirname(pageFile(page)), target!))) dead.push(`${page}: ${target}`);
    assert.deepEqual(dead, []);
  });

  test('every file of the repository that a page names is there', () => {
    const named = [...pages, 'src/README.md', 'test/README.md'].filter((name) => !HISTORY.includes(name));
    const missing: string[] = [];
    for (const page of named)
      for (const [, path] of read(page).matchAll(/`((?:config|docs|rules|src|test)\/[\w./-]*\w\/?)`/g))
        if (!path!.includes('/x/') && !MADE.includes(path!) && !existsSync(pageFile(path!)))
          missing.push(`${page}: ${path}`);
    assert.deepEqual(missing, []);
  });

  test('README prints the demo’s own five commands', () => {
    const blocks = [...read('README.md').matchAll(/```sh\n([\s\S]*?)\n```/g)].map((match) => match[1]);
    const commands = demoCommands({
      url: 'http://127.0.0.1:8080',
      germanSample: 'http://127.0.0.1:9102',
      configFile: 'config/weir.yaml',
      secretsFile: 'config/demo.env',
      rulesFolder: 'rules',
      scratchFolder: '/tmp',
    });
    for (const { line, title } of commands) assert.ok(blocks.includes(line), `README lacks the command “${title}”`);
  });
});
