/** Waiting for conditions, not for time: what tests of this folder and units beside their code share. */
export { until } from '../../src/testing/until.ts';
