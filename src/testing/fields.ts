/** Fields as a reader leaves them. */
import { Fields, type Pairs } from '../fields/fields.ts';
import { FieldSection } from '../fields/section.ts';

/** Reads names and values in turn, written `name: value` or as `write` does. Throws where the section is refused. */
export function fieldsRead(
  pairs: Pairs,
  write: (name: string, value: string) => string = (name, value) => `${name}: ${value}\r\n`,
): Fields {
  let text = '';
  for (let i = 0; i < pairs.length; i += 2) text += write(pairs[i]!, pairs[i + 1]!);
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  const section = new FieldSection();
  section.reset();
  section.scan(bytes, 0, bytes.length, pairs.length + 1);
  if (!section.done) throw new RangeError(section.code);
  return Fields.read(section);
}
