/** JSON for files that people read and review: lists of plain values on one line where they fit. */

const WIDTH = 120;

/** `value` as indented JSON, without a newline at the end. The layout is that of the project's formatter. */
export function prettyJson(value: unknown, indent = '', prefix = 0): string {
  if (Array.isArray(value)) return prettyList(value, indent, prefix);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const inner = `${indent}  `;
  const lines = entries.map(([key, child]) => {
    const label = `${JSON.stringify(key)}: `;
    return `${inner}${label}${prettyJson(child, inner, label.length)}`;
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

/** `prefix`: characters that stand before it on its line, beside the indent; a comma may follow. */
function prettyList(list: readonly unknown[], indent: string, prefix: number): string {
  const flat = flatList(list);
  const isPlain = list.every((item) => item === null || typeof item !== 'object' || Array.isArray(item));
  if (list.length === 0 || (isPlain && indent.length + prefix + flat.length < WIDTH)) return flat;
  const inner = `${indent}  `;
  return `[\n${list.map((item) => `${inner}${prettyJson(item, inner)}`).join(',\n')}\n${indent}]`;
}

function flatList(list: readonly unknown[]): string {
  return `[${list.map((item) => (Array.isArray(item) ? flatList(item) : JSON.stringify(item))).join(', ')}]`;
}
