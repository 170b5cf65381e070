/** The docs say what the program does: tables are the code's own, links lead somewhere, commands are the demo's. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { demoCommands } from '../../src/demo/commands.ts';
import { allTables, PAGES, pageFile, renderPage, tablesOf } from '../tools/docs.ts';

const read = (page: string) => readFileSync(pageFile(page), 'utf8');

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
