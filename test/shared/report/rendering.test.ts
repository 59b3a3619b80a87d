/** Markdown and page: hostile text stays text, nothing is fetched or run, and plots show the numbers they were given. */
import * as fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildReport } from '../../../shared/report/build-report.ts';
import type { ReportDocument } from '../../../shared/report/document.ts';
import { escapeHtml } from '../../../shared/report/html/escape.ts';
import { reportPage } from '../../../shared/report/html/page.ts';
import { curvePlot } from '../../../shared/report/html/curve-plot.ts';
import { heatMaps, intervalPlot } from '../../../shared/report/html/plots.ts';
import { reportMarkdown } from '../../../shared/report/markdown.ts';
import { GOLD, HOSTILE, SETTING, syntheticEvidence } from './synthetic-evidence.ts';

const interval = { lower: 0.4, upper: 0.6, confidence: 0.95 };
let report: ReportDocument;
beforeAll(() => {
  const agreement = [
    {
      pairs: HOSTILE,
      gold: 'x',
      n: 3,
      methods: [{ method: HOSTILE, accuracy: { value: 0.5, interval }, perSeed: [] }],
    },
  ];
  const setting = { ...SETTING, title: HOSTILE, command: HOSTILE, machine: HOSTILE };
  report = buildReport({ setting, experiments: syntheticEvidence([1], 30, HOSTILE), gold: GOLD, agreement });
});

const TAGS =
  'html head meta title style body main h1 section h2 h3 p figure figcaption div table thead tbody tr th td dl dt dd ' +
  'pre code details summary svg g path line circle rect text tspan';

describe('reportPage', () => {
  it('holds no element and no attribute that could run or fetch, and shows hostile text as it is', () => {
    const html = reportPage(report);
    const { document } = parseHTML(html);
    const elements = [...document.querySelectorAll('*')];
    expect(new Set(elements.map(({ localName }) => localName))).toEqual(
      new Set(TAGS.split(' ').filter((tag) => elements.some(({ localName }) => localName === tag))),
    );
    const attributes = elements.flatMap((element) => Array.from(element.attributes));
    expect(attributes.filter(({ name }) => /^on|^(?:xlink:)?href$|^src/i.test(name))).toEqual([]);
    expect(
      attributes.filter(({ name, value }) => name !== 'xmlns' && /url\(|https?:|javascript:/i.test(value)),
    ).toEqual([]);
    expect(
      document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content'),
    ).toContain("default-src 'none'");
    expect(document.querySelector('h1')?.textContent).toContain('<script>alert("x")</script>');
    expect(document.body.textContent).not.toContain('\u202E');
  });

  it('is the same for the same document', () => {
    expect(reportPage(report)).toBe(reportPage(report));
  });
});

describe('escapeHtml', () => {
  it('is read back as the text, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ' ', ';', '#', 'é') }),
        (text) => {
          const { document } = parseHTML(
            `<html><body><p title="${escapeHtml(text)}">${escapeHtml(text)}</p></body></html>`,
          );
          const paragraph = document.querySelector('p');
          expect(paragraph?.textContent).toBe(text);
          expect(paragraph?.getAttribute('title')).toBe(text);
        },
      ),
    );
  });
});

describe('reportMarkdown', () => {
  it('has rows of one length in every table, and fences that hostile text cannot close', () => {
    const markdown = reportMarkdown(report);
    const outside: string[] = [];
    let fence: string | null = null;
    for (const line of markdown.split('\n')) {
      const mark = /^`{3,}/.exec(line)?.[0];
      if (fence === null && mark !== undefined) fence = mark;
      else if (fence !== null && line === fence) fence = null;
      else if (fence === null) outside.push(line);
    }
    expect(fence).toBeNull();
    expect(outside.filter((line) => /<(?!\/?(?:details|summary)>)/.test(line))).toEqual([]);
    const cells = (line: string) => line.split(/(?<!\\)\|/).length;
    const unlike = outside.filter((line, place) => {
      const above = outside[place - 1] ?? '';
      return line.startsWith('|') && above.startsWith('|') && cells(line) !== cells(above);
    });
    expect(unlike).toEqual([]);
  });

  it('says what the document says', () => {
    const markdown = reportMarkdown(report);
    expect(markdown).toContain('## Win rates, judged by sentiment');
    expect(markdown).toContain('## Labels of the simulated pairs');
    expect(markdown).toContain('## Grid');
    expect(markdown).toMatch(/^## At equal distance from the base, judged by /m);
    expect(markdown).toContain('## Over-optimisation alarm');
  });
});

describe('plots', () => {
  it('place values in their order, one mark each', () => {
    const rows = [10, 60, 35].map((value, index) => ({
      name: `system ${index}`,
      value,
      lower: value - 5,
      upper: value + 5,
      marks: [value - 1],
    }));
    const svg = intervalPlot({ kind: 'interval-plot', caption: 'c', label: 'l', reference: 50, rows });
    const { document } = parseHTML(`<html><body>${svg}</body></html>`);
    const places = [...document.querySelectorAll('circle')].map((circle) =>
      Number(circle.getAttribute('cx')),
    );
    expect(places).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = places;
    expect((third - first) / (second - first)).toBeCloseTo(0.5, 2);
  });

  it('name each curve by its letter at every point, and rule where curves are compared', () => {
    const svg = curvePlot({
      kind: 'curve-plot',
      caption: 'c',
      x: 'KL',
      y: 'win rate (%)',
      reference: 50,
      marks: [1, 2],
      curves: [
        {
          letter: 'a',
          points: [
            { x: 1, y: 55 },
            { x: 9, y: 60 },
          ],
        },
        { letter: 'b', points: [{ x: 4, y: 70 }] },
      ],
    });
    const { document } = parseHTML(`<html><body>${svg}</body></html>`);
    const letters = [...document.querySelectorAll('text')].filter(({ textContent }) =>
      /^[ab]$/.test(textContent ?? ''),
    );
    expect(letters.map(({ textContent }) => textContent)).toEqual(['a', 'a', 'b']);
    const [first, last, between] = letters.map((letter) =>
      Number(/translate\(([\d.]+)/.exec(letter.getAttribute('transform') ?? '')?.[1]),
    );
    // In square roots 4 lies half way from 1 to 9.
    expect(2 * (between ?? 0)).toBeCloseTo((first ?? 0) + (last ?? 0), 3);
    const dashed = [...document.querySelectorAll('g[aria-label="rule"] line')];
    expect(dashed).toHaveLength(3);
  });

  it('give unlike rewards unlike colours, lighter for more', () => {
    const cells = [0, 1, 2, 3].map((value) => ({
      row: String(value % 2),
      column: String(Math.floor(value / 2)),
      value,
      lines: [String(value), 'KL'] as const,
    }));
    const [panel] = heatMaps({ kind: 'heat-maps', caption: 'c', panels: [{ name: 'rlcd', cells }] });
    const { document } = parseHTML(`<html><body>${panel?.svg ?? ''}</body></html>`);
    const fills = [...document.querySelectorAll('rect')].map((rect) => rect.getAttribute('fill') ?? '');
    const lightness = fills.map((fill) =>
      [1, 3, 5].reduce((sum, start) => sum + Number.parseInt(fill.slice(start, start + 2), 16), 0),
    );
    expect(lightness).toHaveLength(4);
    expect(lightness).toEqual([...new Set(lightness)].sort((a, b) => a - b));
  });
});
