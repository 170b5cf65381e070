/** Texts with facts in them: `Bearer ${jwt.sub}`. Read once per reload, compiled to a function of the request. */

/** A parsed text: literals and facts in their order. No literal is empty and no two stand side by side. */
export interface Template {
  readonly parts: readonly (string | TemplateFact)[];
}

export interface TemplateFact {
  readonly fact: string;
  /** Offset of its `${` in the text. */
  readonly at: number;
}

/** Why a text is no template, and the offset in it. */
export interface TemplateProblem {
  readonly problem: string;
  readonly at: number;
}

/** A letter, then anything that cannot be mistaken for the syntax around it. Which names exist is not known here. */
const FACT = /^[A-Za-z][^\s{}$\x00-\x1f\x7f]*$/;

/**
 * Reads a text. `${name}` is a fact and `$${` stands for a literal `${`; a `$` before anything else is itself.
 */
export function parseTemplate(text: string): Template | TemplateProblem {
  const parts: (string | TemplateFact)[] = [];
  let literal = '';
  let from = 0;
  for (;;) {
    const at = text.indexOf('${', from);
    if (at < 0) break;
    if (text[at - 1] === '$') {
      literal += `${text.slice(from, at - 1)}\${`;
      from = at + 2;
      continue;
    }
    literal += text.slice(from, at);
    const end = text.indexOf('}', at);
    if (end < 0) return { problem: '"${" is never closed; write "$${" for a literal "${"', at };
    const fact = text.slice(at + 2, end);
    if (!FACT.test(fact)) return { problem: `"\${${fact}}" is not the name of a fact`, at };
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ fact, at });
    from = end + 1;
  }
  literal += text.slice(from);
  if (literal !== '') parts.push(literal);
  return { parts };
}

/** Names of the facts a template reads, each once, in order. */
export function templateFacts(template: Template): string[] {
  const names = new Set<string>();
  for (const part of template.parts) if (typeof part !== 'string') names.add(part.fact);
  return [...names];
}

/** The text of a template without facts, else undefined. */
export function constantText(template: Template): string | undefined {
  if (template.parts.length === 0) return '';
  const [only] = template.parts;
  return template.parts.length === 1 && typeof only === 'string' ? only : undefined;
}

/**
 * Makes the function that renders `template`. `reader` is asked once for each place a fact stands at; what it throws
 * comes through. Up to three facts are joined without a loop.
 */
export function compileTemplate<X>(template: Template, reader: (fact: string) => (x: X) => string): (x: X) => string {
  const { literals, facts } = interleave(template, reader);
  const [head, next, third, last] = literals;
  const [a, b, c] = facts;
  if (facts.length === 0) return () => head!;
  if (facts.length === 1) return joinOne(head!, a!, next!);
  if (facts.length === 2) return (x) => head + a!(x) + next + b!(x) + third;
  if (facts.length === 3) return (x) => head + a!(x) + next + b!(x) + third + c!(x) + last;
  return (x) => {
    let text = head;
    for (let i = 0; i < facts.length; i++) text += facts[i]!(x) + literals[i + 1];
    return text!;
  };
}

function joinOne<X>(head: string, fact: (x: X) => string, tail: string): (x: X) => string {
  if (head === '' && tail === '') return fact;
  if (tail === '') return (x) => head + fact(x);
  return (x) => head + fact(x) + tail;
}

/** Literals around and between the facts: always one more than facts. */
function interleave<X>(template: Template, reader: (fact: string) => (x: X) => string) {
  const literals = [''];
  const facts: ((x: X) => string)[] = [];
  for (const part of template.parts) {
    if (typeof part === 'string') literals[literals.length - 1] = part;
    else {
      facts.push(reader(part.fact));
      literals.push('');
    }
  }
  return { literals, facts };
}
