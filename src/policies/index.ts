/** Every kind of policy there is: an explicit list, so that adding one is a folder and a line. */
import type { PolicyKind } from '../types/policy.ts';
import { headers } from './headers/index.ts';
import { jwt } from './jwt/index.ts';
import { params } from './params/index.ts';
import { rateLimit } from './rateLimit/index.ts';
import { signature } from './signature/index.ts';
import { versions } from './versions/index.ts';

export const KINDS: readonly PolicyKind[] = [headers, jwt, params, rateLimit, signature, versions];
