/** `weir schema`: the JSON Schemas of config and rules, for editors. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prettyJson } from '../plan/json.ts';
import { CONFIG } from '../plan/schema/config.ts';
import { rulesSchema } from '../plan/schema/rules.ts';
import { KINDS } from '../policies/index.ts';
import { readArguments } from './arguments.ts';

const USAGE = `weir schema [--write DIR]

Prints the draft-07 JSON Schemas of the process settings and of rule files, as one object with both.

  --write DIR   writes weir.schema.json and rules.schema.json into DIR instead

Exit status: 0, 1 where DIR cannot be written, 64 for a wrong command line.
`;

/** The schema files by name, as they stand in `config/schema/`. */
export function schemaFiles(): Readonly<Record<'weir.schema.json' | 'rules.schema.json', string>> {
  return {
    'weir.schema.json': `${prettyJson(CONFIG)}\n`,
    'rules.schema.json': `${prettyJson(rulesSchema(KINDS))}\n`,
  };
}

/** Runs the command; resolves to its exit status. */
export async function schema(args: string[]): Promise<number> {
  const options = readArguments('schema', USAGE, args, { write: { type: 'string' } });
  if (typeof options === 'number') return options;
  if (options.write === undefined) {
    process.stdout.write(`${prettyJson({ weir: CONFIG, rules: rulesSchema(KINDS) })}\n`);
    return 0;
  }
  try {
    await mkdir(options.write, { recursive: true });
    for (const [name, text] of Object.entries(schemaFiles())) await writeFile(join(options.write, name), text);
    return 0;
  } catch (error) {
    process.stderr.write(`weir schema: ${(error as Error).message}\n`);
    return 1;
  }
}
