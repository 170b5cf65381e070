/** The policy kind `params`: what it does, when, and its options are in README.md beside this file. */
import type { Fields } from '../../fields/fields.ts';
import type { Env, Exchange, Hooks, PolicyKind, Reply } from '../../types/policy.ts';
import { contentOf } from './content.ts';
import { compileFilter, type FilterRefusal } from './filter.ts';

/** What stands under `params:`. */
export interface RawParams {
  readonly allow: readonly string[];
  readonly unknown?: 'drop' | 'reject';
  readonly nonJson?: 'reject' | 'pass';
}

export interface ParamsConfig {
  readonly allow: readonly string[];
  readonly unknown: 'drop' | 'reject';
  readonly nonJson: 'reject' | 'pass';
}

const FAMILY = 'weir_params_refused_total';
/** Fields that describe the bytes of the body (RFC 9530, RFC 3230, RFC 1864): they would call a filtered one damaged. */
const DIGESTS = ['content-digest', 'repr-digest', 'digest', 'content-md5'] as const;

export const params: PolicyKind<RawParams, ParamsConfig> = {
  kind: 'params',
  summary: 'Lets only the listed top-level members of a JSON body through.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['allow'],
    properties: {
      allow: {
        type: 'array',
        description: 'Names of the members that pass, exactly as written.',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', public: true },
      },
      unknown: {
        enum: ['drop', 'reject'],
        default: 'drop',
        description: 'Other members: left out, or the request is answered with 400 PARAMETER_UNKNOWN.',
      },
      nonJson: {
        enum: ['reject', 'pass'],
        default: 'reject',
        description: 'Bodies of another content type: answered with 400 BODY_UNREADABLE, or let through unseen.',
      },
    },
  },
  resolve: (raw) => ({ allow: raw.allow, unknown: raw.unknown ?? 'drop', nonJson: raw.nonJson ?? 'reject' }),
  needsBody: () => true,
  compile,
};

function compile(config: ParamsConfig, env: Env): Hooks {
  const filter = compileFilter(config.allow, config.unknown);
  const passOthers = config.nonJson === 'pass';
  const refused = {
    content: env.counter(FAMILY, { reason: 'content' }),
    unreadable: env.counter(FAMILY, { reason: 'unreadable' }),
    duplicate: env.counter(FAMILY, { reason: 'duplicate' }),
    unknown: env.counter(FAMILY, { reason: 'unknown' }),
  };

  const refuse = (x: Exchange, reason: FilterRefusal | 'content'): Reply => {
    refused[reason].value++;
    return x.error(reason === 'unknown' ? 'PARAMETER_UNKNOWN' : 'BODY_UNREADABLE');
  };

  return {
    admit(x) {
      const { body } = x;
      if (body === null || body.length === 0) return undefined;
      const content = contentOf(x.headers);
      if (content === 'other' && passOthers) return undefined;
      if (content !== 'json') return refuse(x, 'content');
      const result = filter(body);
      if (typeof result === 'string') return refuse(x, result);
      if (result !== body) replaceBody(x, result);
      return undefined;
    },
  };
}

function replaceBody(x: Exchange, body: Buffer): void {
  x.body = body;
  dropDigests(x.headers);
}

function dropDigests(headers: Fields): void {
  for (const name of DIGESTS) headers.remove(name);
}
