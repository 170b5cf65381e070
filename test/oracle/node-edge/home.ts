import type { Drain } from '../../../src/edges/drain.ts';
import type { UploadTimes } from '../../../src/edges/upload-clock.ts';
import type { Accept } from '../../../src/types/transport.ts';
import type { DateClock } from './reply-head.ts';

/** What the connections of one edge share. */
export interface Home extends UploadTimes {
  readonly accept: Accept;
  readonly clock: DateClock;
  readonly headerSize: number;
  readonly secure: boolean;
  /** A client that has shut down its sending side is waited for. */
  readonly halfClose: boolean;
  readonly drain: Drain;
}
