import type { ValidateFunction } from 'ajv';
import type { Unit } from '../schema/units.ts';

/**
 * By `digestOf` of the schema that the code was made of: makes its validator. `require` loads what ajv's code needs
 * when it runs, of `ajv/dist/runtime`.
 */
export declare const VALIDATORS: Readonly<
  Record<
    string,
    (schema: object, units: Readonly<Record<string, Unit>>, require: (id: string) => unknown) => ValidateFunction
  >
>;
