/** Every subject of the alternating rounds, in the order of a round. */
import { nginxLua, nginxLuaLog, nginxLuaRedis, nginxPlain } from './nginx.ts';
import { bare, httpProxy, weirPlain, weirRules, weirRulesLog } from './node.ts';
import type { Subject } from './types.ts';

export const SUBJECTS: readonly Subject[] = [
  httpProxy,
  bare,
  nginxPlain,
  nginxLua,
  weirPlain,
  weirRules,
  weirRulesLog,
  nginxLuaLog,
  nginxLuaRedis,
];
