/** What of config and rules may be shown, and the net for what must not be. */
import type { Redactor } from '../log/redact.ts';
import type { LoadedRules } from '../plan/load.ts';
import type { ShowPlan } from '../plan/shown.ts';
import type { Plan } from '../types/plan.ts';

export class Shown {
  /** The process settings as they may be shown. */
  readonly config: object;
  /** Knows every secret that the environment put into settings and rules since the process started. */
  readonly redactor: Redactor;
  readonly #shows = new WeakMap<Plan, ShowPlan>();

  constructor(config: object, redactor: Redactor) {
    this.config = config;
    this.redactor = redactor;
  }

  /** Takes note of rules, good or bad, before anything is said of them. */
  note(loaded: LoadedRules): LoadedRules {
    this.redactor.add(loaded.secrets);
    if (loaded.plan) this.#shows.set(loaded.plan, loaded.show);
    return loaded;
  }

  /** A plan that was noted, as it may be shown; null where there is none. */
  plan(plan: Plan | null): object | null {
    return (plan && this.#shows.get(plan)?.(plan)) ?? null;
  }
}
