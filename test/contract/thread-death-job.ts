/** What runs in a thread that is to be terminated in the middle of an operation. */
import { mortal } from '../tools/mortal.ts';
import { SCENARIOS, type World } from './thread-death-scenarios.ts';

interface Job {
  readonly scenario: string;
  readonly world: World;
  readonly step: number;
  /** Set when the step is reached. */
  readonly there: Int32Array;
}

/** Stops before a step of the scenario's operation, says so, and never goes on. */
export function dieAt({ scenario, world, step, there }: Job): void {
  const { open, act } = SCENARIOS[scenario]!;
  const { store, notify } = Atomics;
  const stop = () => {
    store(there, 0, 1);
    notify(there, 0);
    for (;;);
  };
  mortal(
    step,
    () => open(world, 2),
    (subject) => act(subject, world),
    stop,
  );
}
