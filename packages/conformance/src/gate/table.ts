import type { Gaps } from '../driver/adapter.js';
import type { AdapterName, Requirement } from '../requirements/requirement.js';

/** An adapter's column. */
export interface Column {
  readonly adapter: AdapterName;
  readonly gaps: Gaps;
}

/** Renders the table of adapters and requirements in Markdown; a gap is a footnote with its reason. */
export function requirementTable(requirements: readonly Requirement[], columns: readonly Column[]): string {
  const footnotes: string[] = [];
  const cell = ({ id, adapters }: Requirement, { adapter, gaps }: Column): string => {
    if (!adapters.includes(adapter)) return '–';
    const marks = Object.entries(gaps)
      .filter(([key]) => key === id || key.includes(`[${id}]`))
      .map(
        ([key, reason]) => `${key === id ? 'no' : 'partly'}${footnote(footnotes, adapter, key, id, reason)}`,
      );
    return marks.length === 0 ? 'yes' : marks.join(' ');
  };
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = requirements
    .filter(({ adapters }) => columns.some(({ adapter }) => adapters.includes(adapter)))
    .map((requirement) => {
      const text =
        requirement.source === undefined
          ? requirement.text
          : `${requirement.text} [→](${requirement.source})`;
      return row([`\`${requirement.id}\``, text, ...columns.map((column) => cell(requirement, column))]);
    });
  const head = ['Requirement', 'What it asks for', ...columns.map(({ adapter }) => adapter)];
  return [
    row(head),
    row(head.map(() => '---')),
    ...rows,
    ...(footnotes.length > 0 ? ['', ...footnotes] : []),
  ].join('\n');
}

/** Notes the reason of a gap, once, and returns the reference to it. */
function footnote(footnotes: string[], adapter: string, key: string, id: string, reason: string): string {
  const what = key === id ? '' : `${key.replace(/^(?:\[[^\]]+\] )+/, '')}: `;
  const text = `]: ${what}${reason}`;
  const own = footnotes.filter((note) => note.startsWith(`[^${adapter}-`));
  const known = own.findIndex((note) => note.endsWith(text));
  const reference = `[^${adapter}-${known === -1 ? own.length + 1 : known + 1}`;
  if (known === -1) footnotes.push(reference + text);
  return `${reference}]`;
}
