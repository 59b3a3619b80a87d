/** `npm run bench -- coverage`: how often nominal 95 % intervals of win rates hold the truth, by simulation. */
import { jsonOption, seedOption } from '../../scripts/experiment/options.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { fixed, percent } from '../../shared/report/figures.ts';
import { CELLS, type Cell } from './interval-coverage/cells.ts';
import { measure, type Measured } from './interval-coverage/measure.ts';

/** Of 1,000 simulations an interval that covers 95 % holds the truth in 93.6 to 96.4 % nineteen times of twenty. */
const [LEAST, MOST] = [0.93, 0.97];

type MeasuredCell = Omit<Cell, 'interval'> & Measured;

const isOutside = ({ coverage }: Measured) => coverage < LEAST || coverage > MOST;

/** A table in Markdown: coverage in per cent and mean width, what lies outside in bold. */
function tableOf(cells: readonly MeasuredCell[]): string {
  const [head] = cells;
  const names = Object.keys(head?.row ?? {});
  const columns = [...new Set(cells.map(({ column }) => column))];
  const byRow = Map.groupBy(cells, ({ row }) => JSON.stringify(row));
  const line = (parts: readonly string[]) => `| ${parts.join(' | ')} |`;
  const rows = [...byRow.values()].map((own) => {
    const shown = columns.map((column) => {
      const found = own.find((cell) => cell.column === column);
      if (found === undefined) return '';
      const text = percent(found.coverage);
      return `${isOutside(found) ? `**${text}**` : text} (${fixed(found.meanWidth, 2)})`;
    });
    return line([...Object.values(own[0]?.row ?? {}).map(String), ...shown]);
  });
  return [line([...names, ...columns]), line([...names, ...columns].map(() => '---')), ...rows].join('\n');
}

export const command = createCommand(
  'npm run bench -- coverage',
  'How often nominal 95 % intervals of win rates hold the truth: plain, corrected for a judge of known error, ' +
    "at equal length, and a judge's own accuracy, with one seed and with two on the same prompts.",
)
  .option('--simulations <n>', 'of each cell', wholeNumber(1), 1000)
  .addOption(seedOption())
  .addOption(jsonOption())
  .action(({ simulations, seed, json }) => {
    const started = performance.now();
    const cells: MeasuredCell[] = [];
    for (const [index, cell] of CELLS.entries()) {
      const { table, row, column, truth } = cell;
      const measured = measure(cell, index, seed, simulations);
      console.error(
        `${table}: ${JSON.stringify(row)} ${column}: ${percent(measured.coverage)} % from seed ${measured.seed}`,
      );
      cells.push({ table, row, column, truth, ...measured });
    }
    const outside = cells.filter(isOutside).length;
    const seconds = (performance.now() - started) / 1000;
    if (json) {
      console.log(JSON.stringify({ simulations, seed, outside, of: cells.length, seconds, cells }, null, 2));
      return;
    }
    for (const [table, own] of Map.groupBy(cells, (cell) => cell.table)) {
      console.log(`## ${table}\n\n${tableOf(own)}\n`);
    }
    console.log(`${outside} of ${cells.length} cells lie outside 93 to 97 %; ${fixed(seconds, 0)} s.`);
  });
