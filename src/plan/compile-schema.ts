/**
 * Schemas compiled by ajv, which makes code of them. That takes 100 ms and 10 MB for those of settings and rules, so the
 * code of these is made ahead (`generated/`), and ajv's compiler is loaded only for a schema that nobody knew then.
 */
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Ajv, KeywordCxt, ValidateFunction } from 'ajv';
import { VALIDATORS } from './generated/validators.js';
import { UNITS } from './schema/units.ts';

const require = createRequire(import.meta.url);

/** What editors know beside draft-07. */
const EDITOR_KEYWORDS = ['patternErrorMessage', 'errorMessage', 'markdownDescription', 'enumDescriptions'];

/** What `schema/places.ts` (`public`) and `schema-problems.ts` (`removedKeys`) read; they check nothing. */
const OWN_KEYWORDS = ['public', 'removedKeys'];

/**
 * The code made ahead for exactly this schema, or else one compiled now. Its errors lack what `verbose` would add.
 * @throws {Error} where `schema` itself is wrong, which only a new kind of policy can cause.
 */
export function compileSchema(schema: object): ValidateFunction {
  const make = VALIDATORS[digestOf(schema)];
  return make ? make(schema, UNITS, require) : createAjv().compile(schema);
}

/** How code is written: by default for compiling at once. */
export interface CodeOptions {
  readonly source?: boolean;
  readonly lines?: boolean;
  readonly optimize?: boolean;
}

/** ajv as all schemas here are compiled. `unit` asks UNITS, which code made ahead is given as `units`. */
export function createAjv(code: CodeOptions = {}): Ajv {
  const { Ajv, _ } = require('ajv') as typeof import('ajv');
  const ajv = new Ajv({
    allErrors: true,
    discriminator: true,
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    validateFormats: false,
    // The schemas are our own and tested: compiling draft-07's schema to check them takes longer than they do.
    meta: false,
    validateSchema: false,
    // What is run a few times for each reload is not worth optimizing: that takes a third of compiling it.
    code: { optimize: false, ...code },
    logger: false,
  });
  ajv.addVocabulary([...EDITOR_KEYWORDS, ...OWN_KEYWORDS]);
  ajv.addKeyword({
    keyword: 'unit',
    type: 'string',
    schemaType: 'string',
    code: (context: KeywordCxt) => {
      const units = context.gen.scopeValue('keyword', { ref: UNITS, code: _`units` });
      context.pass(_`${units}[${context.schema}].valid(${context.data})`);
    },
  });
  return ajv;
}

/** What code made ahead is found by: another text where anything in `schema` differs, the order of its keys too. */
export function digestOf(schema: object): string {
  return hash('sha256', JSON.stringify(schema), 'hex');
}
