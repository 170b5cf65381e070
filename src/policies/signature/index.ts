/** The policy kind `signature`: what it does, when, and its options are in README.md beside this file. */

import { nonceLife } from '../../store/nonces.ts';
import type { PolicyKind } from '../../types/policy.ts';
import { type RawSignature, resolveSignature, SCHEMA, type SignatureConfig } from './config.ts';
import { Verifier } from './verify.ts';

export const signature: PolicyKind<RawSignature, SignatureConfig> = {
  kind: 'signature',
  summary: 'Lets only requests with a valid HMAC signature through, each of them once.',
  schema: SCHEMA,
  resolve: resolveSignature,
  provides: () => ['signature.key'],
  remembers: ({ replay, window }) => (replay === 'off' ? 0 : nonceLife(window)),
  needsBody: (config) => config.sign.some((part) => part.is === 'body'),
  compile(config, env) {
    const verifier = new Verifier(config, env);
    return { admit: (x) => verifier.admit(x) };
  },
};
