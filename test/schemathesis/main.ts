/** `npm run schemathesis`: an outside referee sends generated requests to a running edge and holds each answer against the OpenAPI document. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { SCOPES } from '../../shared/api/words.ts';
import { defaultCacheFolder, interpreterOf, makeEnvironment } from '../python-environment.ts';
import { startFilledEdge } from './filled-edge.ts';
import { runSchemathesis, type Report, type SchemathesisRun } from './run-schemathesis.ts';

const requirements = new URL('requirements.txt', import.meta.url);
const KEYS = [...SCOPES, 'none'] as const;
/** To an operation in one run: then the store is made anew, since requests delete, cancel and revoke. */
const MOST_EXAMPLES = 20;

interface ScopeReport {
  readonly key: (typeof KEYS)[number];
  cases: number;
  operations: number;
  withFailures: number;
  readonly failures: (Report['failures'][number] | Report['errors'][number])[];
}

/** Runs with one scope, each on an edge of its own with another seed, until there were enough cases. */
async function runScope(
  key: (typeof KEYS)[number],
  {
    cases,
    ...given
  }: Pick<SchemathesisRun, 'program' | 'boundaries' | 'seed'> & { cases: number; scratch: string },
): Promise<ScopeReport> {
  const sum: ScopeReport = { key, cases: 0, operations: 0, withFailures: 0, failures: [] };
  for (let round = 0; round === 0 || sum.cases < cases; round++) {
    const folder = path.join(given.scratch, `${key}-${round}`);
    await mkdir(folder);
    const edge = await startFilledEdge(folder);
    try {
      const left = Math.ceil((cases - sum.cases) / Math.max(sum.operations, 80));
      const report = await runSchemathesis({
        ...given,
        folder,
        edge,
        key: key === 'none' ? undefined : edge.keys[key],
        examples: Math.min(Math.max(left, 1), MOST_EXAMPLES),
        seed: given.seed + round,
        log: (line) => console.error(line),
      });
      sum.cases += report.test_cases.generated;
      sum.operations = Math.max(sum.operations, report.operations.tested);
      sum.withFailures += report.test_cases.with_failures;
      sum.failures.push(...report.failures, ...report.errors);
    } finally {
      await edge.close();
    }
    console.error(`${key}: ${sum.cases} cases, ${sum.withFailures} with failures`);
  }
  return sum;
}

export const command = createCommand(
  'npm run schemathesis --',
  'Starts an edge on Node with a store that it fills, and has schemathesis send generated requests to every operation of ' +
    'the OpenAPI document with a key of each scope and with none. Each answer must be none of 5xx and one that the ' +
    'document tells: status, media type, headers, form. Prints JSON.',
)
  .option('--cases <n>', 'how many requests in all, at the least', wholeNumber(1), 2000)
  .option('--seed <n>', 'chooses the requests', wholeNumber(0, 999_999_999), 1)
  .option('--boundaries', 'also the boundaries of every field: some 6,000 requests for each key', false)
  .option('--environment <folder>', 'a virtual environment that has schemathesis, instead of making one')
  .option('--cache <folder>', 'where environments are kept', defaultCacheFolder('schemathesis'))
  .action(async ({ cases, environment, cache, ...asked }) => {
    const interpreter =
      environment === undefined
        ? await makeEnvironment(cache, [requirements], (line) => console.error(line))
        : await interpreterOf(environment);
    const program = path.join(path.dirname(interpreter), 'schemathesis');
    const scratch = await mkdtemp(path.join(tmpdir(), 'rlcd-schemathesis-'));
    try {
      const scopes: ScopeReport[] = [];
      for (const key of KEYS) {
        scopes.push(
          await runScope(key, { ...asked, cases: Math.ceil(cases / KEYS.length), program, scratch }),
        );
      }
      const sum = (part: (scope: ScopeReport) => number) =>
        scopes.reduce((total, scope) => total + part(scope), 0);
      const withFailures = sum((scope) => scope.withFailures);
      const operations = Math.max(...scopes.map((scope) => scope.operations));
      console.log(
        JSON.stringify({ cases: sum((scope) => scope.cases), operations, withFailures, scopes }, null, 2),
      );
      if (scopes.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });

if (import.meta.main) await runCommand(command);
