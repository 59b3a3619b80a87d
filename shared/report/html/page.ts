/** A report as one HTML page that needs nothing else: no script, no file, no network. */
import type { ReportDocument } from '../document.ts';
import { reportSections } from '../sections.ts';
import type { Block, Responses, Table } from '../sections/blocks.ts';
import { escapeHtml } from './escape.ts';
import { curvePlot } from './curve-plot.ts';
import { heatMaps, intervalPlot, spreadPlot } from './plots.ts';
import { STYLE } from './style.ts';

/** The page may run and fetch nothing, whatever stands in it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Equal documents give equal bytes. */
export function reportPage(document: ReportDocument): string {
  const title = escapeHtml(document.setting.title);
  const sections = reportSections(document).map(
    (section) =>
      `<section><h2>${escapeHtml(section.title)}</h2>\n${section.blocks.map(blockHtml).join('\n')}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

/** Cells longer than this are text to read, not figures to compare. */
const LONG_CELL = 40;

function tableHtml({ caption, head, rows, shades }: Table): string {
  const wide = rows.some((row) => row.some((cell, column) => column > 0 && cell.length > LONG_CELL));
  const named = head.some((title) => title !== '');
  const headHtml = named
    ? `<thead><tr>${head.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join('')}</tr></thead>`
    : '';
  const rowHtml = (row: readonly string[], index: number) =>
    row.map((cell, column) =>
      column === 0
        ? `<th scope="row">${escapeHtml(cell)}</th>`
        : `<td${shade(shades?.[index]?.[column - 1])}>${escapeHtml(cell)}</td>`,
    );
  const body = rows.map((row, index) => `<tr>${rowHtml(row, index).join('')}</tr>`).join('\n');
  const label = escapeHtml(caption);
  const table = `<table${wide ? ' class="wide"' : ''} aria-label="${label}">${headHtml}<tbody>${body}</tbody></table>`;
  // A wide table scrolls by itself, below its caption; it must then be reachable by keyboard.
  return figure(
    caption,
    `<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`,
  );
}

function shade(value: number | null | undefined): string {
  if (value === null || value === undefined || value === 0) return '';
  return ` class="${value > 0 ? 'first' : 'second'}" style="--share: ${Math.abs(value).toFixed(3)}"`;
}

function figure(caption: string, content: string): string {
  return `<figure><figcaption>${escapeHtml(caption)}</figcaption>${content}</figure>`;
}

function responsesHtml({ prompt, responses }: Responses): string {
  const rows = [{ system: 'prompt', text: prompt }, ...responses].map(
    ({ system, text }) =>
      `<dt>${escapeHtml(system)}</dt><dd><pre class="text" dir="auto">${escapeHtml(text)}</pre></dd>`,
  );
  return `<dl>${rows.join('')}</dl>`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'table':
      return tableHtml(block);
    case 'code':
      return `<pre><code>${escapeHtml(block.text)}</code></pre>`;
    case 'responses':
      return responsesHtml(block);
    case 'folded':
      return `<details><summary>${escapeHtml(block.summary)}</summary>${blockHtml(block.block)}</details>`;
    case 'interval-plot':
      return figure(block.caption, intervalPlot(block));
    case 'curve-plot':
      return figure(block.caption, curvePlot(block));
    case 'spread-plot':
      return figure(block.caption, spreadPlot(block));
    case 'heat-maps': {
      const panels = heatMaps(block).map(({ name, svg }) => `<div><h3>${escapeHtml(name)}</h3>${svg}</div>`);
      return figure(block.caption, `<div class="panels">${panels.join('')}</div>`);
    }
    default:
      return block satisfies never;
  }
}
