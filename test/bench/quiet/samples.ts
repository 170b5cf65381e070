/** Who allocates and where time goes, by function, as V8's own samplers see it from within the thread. */
import { Session } from 'node:inspector/promises';

/** `[function and place, bytes or microseconds]`, biggest first. */
export type Shares = readonly (readonly [string, number])[];

/** Bytes between two samples, on average: small, so that rounds of a few thousand requests suffice. */
const HEAP_INTERVAL = 1024;
/** Microseconds between two samples. */
const TIME_INTERVAL = 100;

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface HeapNode {
  readonly callFrame: Frame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const file = url.replace(/^file:\/\/.*\/(?=(?:src|test|node_modules)\/)/, '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

class Sum {
  readonly #sizes = new Map<string, number>();

  add(frame: Frame, size: number): void {
    const name = nameOf(frame);
    this.#sizes.set(name, (this.#sizes.get(name) ?? 0) + size);
  }

  get shares(): Shares {
    return [...this.#sizes].filter(([, size]) => size > 0).sort((a, b) => b[1] - a[1]);
  }
}

async function repeat(times: number, round: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) await round();
}

/** Bytes allocated by each function, what was collected since included. */
export async function sampleHeap(rounds: number, round: () => Promise<unknown>): Promise<Shares> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: HEAP_INTERVAL,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await repeat(rounds, round);
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const sum = new Sum();
  const add = (node: HeapNode): void => {
    sum.add(node.callFrame, node.selfSize);
    for (const child of node.children) add(child);
  };
  add(profile.head);
  return sum.shares;
}

/** Microseconds of own time of each function. */
export async function sampleTime(rounds: number, round: () => Promise<unknown>): Promise<Shares> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: TIME_INTERVAL });
  await session.post('Profiler.start');
  await repeat(rounds, round);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const sum = new Sum();
  // A sample stands for the time until the next one.
  for (const [i, id] of (profile.samples ?? []).entries()) {
    const frame = frames.get(id)!;
    if (frame.functionName !== '(idle)') sum.add(frame, profile.timeDeltas?.[i + 1] ?? 0);
  }
  return sum.shares;
}
