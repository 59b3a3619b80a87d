/** A picture of plots side by side and below each other, for a page that shows it as an image. */
import { escapeHtml } from './escape.ts';

/** A plot and where it stands. */
export interface Panel {
  readonly svg: string;
  /** What stands above it. */
  readonly note: string;
  readonly x: number;
  readonly y: number;
  /** Where the note begins, as far as that is not where the plot does. */
  readonly noteX?: number;
}

/** From a panel's note down to its plot. */
const NOTE = 18;

/** A picture that is shown as an image has no stylesheet around it: its colours stand in it, for light and dark. */
const STYLE = `
:root { --ground: #ffffff; --blue: #0072b2; --orange: #b34e00; color: #1b1f24; }
.ground { fill: var(--ground); }
text { font-family: system-ui, sans-serif; }
.title { font-size: 17px; font-weight: 600; fill: currentColor; }
.note { font-size: 13px; fill: currentColor; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1318; --blue: #56b4e9; --orange: #f0a04b; color: #e8edf2; }
}`;

export function heightOf(svg: string): number {
  return Number(/height="(\d+)"/.exec(svg)?.[1] ?? 0);
}

/**
 * Equal panels give equal bytes.
 *
 * @param label what a reader who cannot see it is told
 */
export function picture(title: string, label: string, width: number, panels: readonly Panel[]): string {
  const height = Math.max(...panels.map(({ svg, y }) => y + heightOf(svg))) + 12;
  const notes = panels.map(
    ({ note, x, y, noteX }) =>
      `<text class="note" x="${noteX ?? x}" y="${y - NOTE}">${escapeHtml(note)}</text>`,
  );
  const plots = panels.map(({ svg, x, y }) => svg.replace('<svg ', `<svg x="${x}" y="${y}" `));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
<style>${STYLE}</style>
<rect class="ground" width="${width}" height="${height}" rx="8"/>
<text class="title" x="20" y="30">${escapeHtml(title)}</text>
${[...notes, ...plots].join('\n')}
</svg>
`;
}
