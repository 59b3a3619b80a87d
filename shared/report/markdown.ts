/** A report as Markdown. */
import { fenced, inline } from '../text/markdown-text.ts';
import type { ReportDocument } from './document.ts';
import { reportSections } from './sections.ts';
import type { Block, Table } from './sections/blocks.ts';

/** Equal documents give equal bytes. */
export function reportMarkdown(document: ReportDocument): string {
  const sections = reportSections(document).map(
    ({ title, blocks }) => `## ${inline(title)}\n\n${blocks.map(blockText).filter(Boolean).join('\n\n')}`,
  );
  return `${[`# ${inline(document.setting.title)}`, ...sections].join('\n\n')}\n`;
}

function tableText({ caption, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inline).join(' | ')} |`;
  const rule = `| ${head.map(() => '---').join(' | ')} |`;
  return [`*${inline(caption)}*`, '', line(head), rule, ...rows.map(line)].join('\n');
}

/** Plots have no place here: every figure of one stands in a table, too. */
function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return inline(block.text);
    case 'table':
      return tableText(block);
    case 'code':
      return fenced(block.text, 'text');
    case 'responses':
      return [
        fenced(block.prompt, 'text'),
        ...block.responses.map(({ system, text }) => `${inline(system)}:\n\n${fenced(text, 'text')}`),
      ].join('\n\n');
    case 'folded':
      return `<details><summary>${inline(block.summary)}</summary>\n\n${blockText(block.block)}\n\n</details>`;
    case 'interval-plot':
    case 'heat-maps':
    case 'curve-plot':
    case 'spread-plot':
      return '';
    default:
      return block satisfies never;
  }
}
