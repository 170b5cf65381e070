/** What every forwarder is made with. */
import type { Loop } from '../sockets/loop.ts';
import type { ForwarderSettings } from '../types/transport.ts';

export interface ThreadSettings extends ForwarderSettings {
  /** What sockets share in the thread; a forwarder that gets none has its own. */
  readonly loop?: Loop;
}
