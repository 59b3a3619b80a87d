/** `npm run break-details`: whether the test of every implementation detail of PPO notices when the detail is broken. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { jsonOption } from '../../experiment/options.ts';
import { applyEdits } from './apply-edits.ts';
import { DETAILS, type Break, type Detail } from './details.ts';
import { namesId, runTests } from './run-tests.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const COPIED = ['shared', 'gpu-runner', 'scripts', 'test', 'package.json', 'tsconfig.json'];

interface BreakOutcome {
  readonly how: string;
  readonly red: boolean;
  /** The first line of the first failure, or why there is none. */
  readonly because: string;
}

interface Row {
  readonly id: string;
  readonly what: string;
  readonly tests: number;
  readonly green: boolean;
  readonly red: boolean;
  readonly breaks: readonly BreakOutcome[];
}

/** A copy of what the tests need; packages are shared. */
function copyTree(): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'rlcd-break-'));
  for (const name of COPIED) cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  writeFileSync(
    path.join(copy, 'vitest.config.ts'),
    "export default { test: { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } };\n",
  );
  return copy;
}

async function breakAll(copy: string, details: readonly Detail[]): Promise<Row[]> {
  const files = [...new Set(details.flatMap(({ tests }) => tests))];
  console.error(`as things stand: ${files.length} test files`);
  const whole = await runTests(
    copy,
    files,
    details.map(({ id }) => id),
  );
  const rows: Row[] = [];
  for (const { id, what, tests, breaks } of details) {
    const own = whole.tests.filter(({ name }) => namesId(name, id));
    const outcomes: BreakOutcome[] = [];
    for (const one of breaks) {
      const outcome = await tryBreak(copy, id, tests, one);
      console.error(`${id}: ${one.how}: ${outcome.red ? 'red' : 'NOT RED'}`);
      outcomes.push(outcome);
    }
    rows.push({
      id,
      what,
      tests: own.length,
      green: own.length > 0 && own.every(({ failure }) => failure === null),
      red: outcomes.every(({ red }) => red),
      breaks: outcomes,
    });
  }
  return rows;
}

async function tryBreak(
  copy: string,
  id: string,
  tests: readonly string[],
  { how, edits }: Break,
): Promise<BreakOutcome> {
  const files = [...new Set(edits.map(({ file }) => file))];
  const before = files.map((file) => readFileSync(path.join(copy, file), 'utf8'));
  try {
    applyEdits(copy, edits);
    const run = await runTests(copy, tests, [id]);
    const own = run.tests.filter(({ name }) => namesId(name, id));
    const failure = own.find((test) => test.failure !== null)?.failure ?? null;
    if (failure !== null) return { how, red: true, because: failure };
    const because =
      own.length === 0 ? `no test ran: ${run.problem ?? 'none has the id'}` : 'every test passed';
    return { how, red: false, because };
  } finally {
    files.forEach((file, index) => writeFileSync(path.join(copy, file), before[index] ?? ''));
  }
}

function print(rows: readonly Row[], seconds: number): void {
  console.log(`${'id'.padEnd(5)} ${'tests'.padEnd(6)} ${'whole'.padEnd(6)} ${'broken'.padEnd(10)} detail`);
  for (const { id, what, tests, green, red, breaks } of rows) {
    const state = `${red ? 'red' : 'NOT RED'} (${breaks.filter((one) => one.red).length}/${breaks.length})`;
    console.log(
      `${id.padEnd(5)} ${String(tests).padEnd(6)} ${(green ? 'green' : 'RED').padEnd(6)} ${state.padEnd(10)} ${what}`,
    );
    for (const one of breaks) {
      if (!one.red) console.log(`      not red when ${one.how}: ${one.because}`);
    }
  }
  const good = rows.filter(({ green, red }) => green && red).length;
  console.log(`${good} of ${rows.length} details: green as they stand, red when broken; ${seconds} s`);
}

function readDetails(list: string): readonly Detail[] {
  return list.split(',').map((wanted) => {
    const detail = DETAILS.find(({ id }) => id === wanted);
    if (detail !== undefined) return detail;
    throw new InvalidArgumentError(
      `There is no detail "${wanted}", choose of ${DETAILS.map(({ id }) => id).join(', ')}`,
    );
  });
}

export const command = createCommand(
  'npm run break-details --',
  "Breaks every implementation detail of PPO in turn, in a copy of the working tree, and requires that the detail's own " +
    'test goes red. First every test must be green as things stand. A test that cannot run (the broken source does not ' +
    'load) is no proof and counts as a failure. Ends with 1 unless all are red when broken.',
)
  .option('--only <ids>', 'some details, such as G2,P10d', readDetails)
  .addOption(jsonOption())
  .action(async ({ only = DETAILS, json }) => {
    const copy = copyTree();
    try {
      const started = performance.now();
      const rows = await breakAll(copy, only);
      const seconds = Math.round((performance.now() - started) / 1000);
      const passed = rows.every(({ green, red }) => green && red);
      if (json) console.log(JSON.stringify({ details: rows, seconds, passed }, null, 2));
      else print(rows, seconds);
      if (!passed) process.exitCode = 1;
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

if (import.meta.main) await runCommand(command);
