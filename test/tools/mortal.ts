/**
 * Code on shared memory that dies where a test says. While {@link mortal} runs something, typed arrays over shared memory
 * and `Atomics` are stand-ins which count every write, so that a thread's death can be put between any two of them. The
 * code under test knows nothing of it.
 *
 * One call of `copyWithin` or `set` is one step: V8 ends a thread at calls and loops of JavaScript, never inside those.
 * `fill` is taken apart all the same, since that is no harder to survive.
 */

const NATIVE = { Int32Array, Float64Array, Uint8Array, Atomics };
type Shared = Int32Array | Float64Array | Uint8Array;

/** What comes out of code that has died. Nothing it does afterwards, in a `finally` say, reaches shared memory. */
export class Death extends Error {}

export interface Life<R> {
  readonly died: boolean;
  /** Steps that were done. */
  readonly steps: number;
  /** What it gave; undefined where it died. */
  readonly result: R | undefined;
}

let counting = false;
let steps = 0;
let last = 0;
let onDeath: () => void = () => {};
let waiting: () => void = () => {};

function step(): void {
  if (!counting) return;
  if (steps === last) {
    onDeath();
    throw new Death();
  }
  steps++;
}

/**
 * Opens something with `open`, then runs `act` on it, which dies when it is about to do step `dieAt` (from 0).
 * @param atDeath what happens there: nothing, or something that does not return, in a thread that is to be terminated.
 */
export function mortal<S, R>(dieAt: number, open: () => S, act: (subject: S) => R, atDeath = () => {}): Life<R> {
  return timeless(() => {
    const subject = open();
    [counting, steps, last, onDeath] = [true, 0, dieAt, atDeath];
    try {
      return { result: act(subject), died: false, steps };
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      return { result: undefined, died: true, steps };
    } finally {
      counting = false;
    }
  });
}

/** Runs code for which waiting for a lock takes no time: every wait ends at once, timed out. `onWait` hears of each. */
export function timeless<R>(run: () => R, onWait = () => {}): R {
  waiting = onWait;
  Object.assign(globalThis, {
    Int32Array: standIn(NATIVE.Int32Array),
    Float64Array: standIn(NATIVE.Float64Array),
    Uint8Array: standIn(NATIVE.Uint8Array),
    Atomics: ATOMICS,
  });
  try {
    return run();
  } finally {
    Object.assign(globalThis, NATIVE);
  }
}

const natives = new WeakMap<object, Shared>();

function standIn<C extends new (...args: never[]) => Shared>(native: C): C {
  return new Proxy(native, {
    construct(target, args: never[]) {
      const array = new target(...args);
      return array.buffer instanceof SharedArrayBuffer ? watched(array) : array;
    },
  });
}

function watched(array: Shared): Shared {
  const proxy = new Proxy(array, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? method(target, key, value) : value;
    },
    set(target, key, value) {
      step();
      return Reflect.set(target, key, value, target);
    },
  });
  natives.set(proxy, array);
  return proxy;
}

function method(target: Shared, key: string | symbol, value: (...args: never[]) => unknown): unknown {
  if (key === 'fill')
    return (filler: number, start = 0, end = target.length) => {
      for (let i = start; i < end; i++) {
        step();
        target[i] = filler;
      }
    };
  if (key !== 'set' && key !== 'copyWithin') return value.bind(target);
  return (...args: never[]) => {
    step();
    return value.apply(target, args);
  };
}

const bare = (array: Int32Array): Int32Array => (natives.get(array) as Int32Array | undefined) ?? array;

const ATOMICS = {
  load: (array: Int32Array, i: number) => NATIVE.Atomics.load(bare(array), i),
  store: write((array, i, value) => NATIVE.Atomics.store(array, i, value)),
  add: write((array, i, value) => NATIVE.Atomics.add(array, i, value)),
  sub: write((array, i, value) => NATIVE.Atomics.sub(array, i, value)),
  or: write((array, i, value) => NATIVE.Atomics.or(array, i, value)),
  compareExchange(array: Int32Array, i: number, expected: number, value: number) {
    step();
    return NATIVE.Atomics.compareExchange(bare(array), i, expected, value);
  },
  notify(array: Int32Array, i: number, count?: number) {
    step();
    return NATIVE.Atomics.notify(bare(array), i, count);
  },
  wait() {
    waiting();
    return 'timed-out';
  },
};

function write(native: (array: Int32Array, i: number, value: number) => number) {
  return (array: Int32Array, i: number, value: number): number => {
    step();
    return native(bare(array), i, value);
  };
}
