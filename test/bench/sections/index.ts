/** Every section, in the order of the page. */
import { bulk } from './bulk.ts';
import { calls } from './calls.ts';
import { quiet } from './quiet.ts';
import { reloads } from './reload.ts';
import { rounds } from './rounds.ts';
import { scale } from './scale.ts';
import { start } from './start.ts';
import { streams } from './streams.ts';
import { h2, tls } from './tls.ts';
import type { Section } from './types.ts';

export const SECTIONS: readonly Section[] = [quiet, rounds, calls, tls, h2, bulk, streams, scale, reloads, start];
