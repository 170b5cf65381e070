/** What every forwarder is made with. */
import type { Timing } from '../state/timing.ts';
import type { ForwarderSettings } from '../types/transport.ts';

export interface ThreadSettings extends ForwarderSettings {
  /** The clock and the timers of the thread; a forwarder that gets none has its own. */
  readonly timing?: Timing;
}
