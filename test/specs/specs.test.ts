/** Every story in this folder, played against the real program. How to write one: README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { playStory } from '../tools/story/run.ts';
import { parseStory } from '../tools/story/schema.ts';

const folder = new URL('./', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
/** `SPEC=breaker node --test test/specs/specs.test.ts` plays those whose name has the word in it. */
const wanted = files.filter((name) => name.includes(process.env.SPEC ?? ''));

describe('stories', { concurrency: 2 }, () => {
  for (const file of wanted.sort())
    test(file, { timeout: 60_000 }, async (t) => {
      const story = parseStory(file, readFileSync(new URL(file, folder), 'utf8'));
      t.diagnostic(story.story);
      await playStory(t, story);
    });
});
