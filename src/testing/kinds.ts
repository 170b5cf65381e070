/** A kind of policy with a bug, which none of the real ones has. */
import type { PolicyKind } from '../types/policy.ts';

export const FAULTY: PolicyKind = {
  kind: 'faulty',
  summary: 'Fails always.',
  schema: { type: 'object' },
  resolve: () => {
    throw new Error('a bug');
  },
  compile: () => ({}),
};
