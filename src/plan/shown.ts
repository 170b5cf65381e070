/** Plans and problems in the form that may be shown. */
import { Redactor, type SecretText } from '../log/redact.ts';
import type { Plan } from '../types/plan.ts';
import type { Injected } from './injected.ts';
import { createMask, type Mask } from './mask.ts';
import type { Problem } from './problems.ts';

/** What the environment put into an entry, by section and name with a blank between. */
export type InjectedByName = ReadonlyMap<string, readonly Injected[]>;

/** Makes the form of a plan that may be shown: logs, status and the admin API. */
export type ShowPlan = (plan: Plan) => object;

/** A function that shows plans of the rules that hold `injected`: each entry is masked by what came into it. */
export function showPlan(injected: InjectedByName): ShowPlan {
  const plain = createMask();
  return ({ revision, ...sections }) => ({
    revision,
    ...Object.fromEntries(
      Object.entries(sections).map(([section, entries]) => [
        section,
        entries.map((entry) => {
          const known = injected.get(`${section} ${entry.name}`);
          return showEntry(entry, known ? createMask(known) : plain);
        }),
      ]),
    ),
  });
}

/** The name is a key, and keys are never substituted; the place is where a reader looks next. */
function showEntry(entry: { readonly name: string; readonly place: object }, mask: Mask): object {
  const { name, place, ...rest } = entry;
  return { name, ...(mask(rest) as object), place };
}

/** Problems without what other entries than the one they are about have from the environment. */
export function redactProblems(problems: readonly Problem[], secrets: readonly SecretText[]): Problem[] {
  const redactor = new Redactor();
  redactor.add(secrets);
  return problems.map((problem) => ({
    ...problem,
    message: redactor.text(problem.message),
    hint: redactor.text(problem.hint),
  }));
}
