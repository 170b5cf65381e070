/**
 * Code made ahead of the schemas of settings and rules, so that a start need not compile them:
 * `node test/tools/validators.ts --write` writes `src/plan/generated/validators.js`; a test fails where it is out of date.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import standalone from 'ajv/dist/standalone/index.js';
import { createAjv, digestOf } from '../../src/plan/compile-schema.ts';
import { CONFIG } from '../../src/plan/schema/config.ts';
import { rulesSchema } from '../../src/plan/schema/rules.ts';
import { KINDS } from '../../src/policies/index.ts';

/** The file that is written. */
export const VALIDATORS_FILE = fileURLToPath(new URL('../../src/plan/generated/validators.js', import.meta.url));

/** What stands in it. */
export function validatorsFile(): string {
  const entries = [CONFIG, rulesSchema(KINDS)].map((schema) => `'${digestOf(schema)}': ${makerOf(schema)},\n`);
  return `// Made by \`npm run schema\`, with ajv: not to be edited.
export const VALIDATORS = Object.freeze({
${entries.join('')}});
`;
}

/** A function that makes the validator; the schema is a parameter, so that its text does not stand in the code again. */
function makerOf(schema: object): string {
  const ajv = createAjv({ source: true, lines: true, optimize: true });
  const code = standalone.default(ajv, ajv.compile(schema));
  const head = /^"use strict";\s*module\.exports = (\w+);\s*module\.exports\.default = \1;\s*/.exec(code);
  assert.ok(head, 'ajv exports its code in another way');
  const parts = code.slice(head[0].length).split(JSON.stringify(schema));
  assert.equal(parts.length, 2, 'the schema stands once in the code');
  return `(schema, units, require) => {\n${shortened(parts.join('schema')).trim()}\nreturn ${head[1]};\n}`;
}

/** How ajv reports an error: eight lines, some five hundred times. */
const REPORT =
  /const (err\d+) = (.*);\nif\(vErrors === null\)\{\nvErrors = \[\1\];\n\}\nelse \{\nvErrors\.push\(\1\);\n\}\n/g;

/** The same in one line: half as many lines of code, and an eighth less of it. */
function shortened(code: string): string {
  return code.replaceAll(REPORT, (_all, _name, error: string) => `(vErrors ??= []).push(${error});\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv[2] === '--write') writeFileSync(VALIDATORS_FILE, validatorsFile());
  else process.stdout.write(validatorsFile());
}
