/** Runs tests by id in a folder and reads what became of each. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

export interface TestRun {
  readonly tests: readonly {
    readonly name: string;
    /** First line of what went wrong, null for a test that passed. */
    readonly failure: string | null;
  }[];
  /** Why a file gave no test, where one did not. */
  readonly problem: string | null;
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({
          title: z.string(),
          status: z.enum(['passed', 'failed', 'skipped', 'pending', 'todo', 'disabled']),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Whether a test's name begins with the id. */
export function namesId(name: string, id: string): boolean {
  return name.startsWith(`${id} `);
}

/** @param ids of which a test's name must begin with one */
export async function runTests(
  root: string,
  files: readonly string[],
  ids: readonly string[],
): Promise<TestRun> {
  const report = path.join(root, 'report.json');
  rmSync(report, { force: true });
  const runner = path.join(root, 'node_modules/vitest/vitest.mjs');
  const pattern = `(?:^| )(?:${ids.map(escaped).join('|')}) `;
  const output = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [runner, 'run', '--reporter=json', `--outputFile=${report}`, '-t', pattern, ...files],
      { cwd: root, maxBuffer: 1 << 26 },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });
  if (!existsSync(report)) return { tests: [], problem: output.trim().slice(-500) };
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
  const tests = testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ title, status, failureMessages }) => ({
        name: title,
        failure: status === 'passed' ? null : firstLine(failureMessages?.[0] ?? 'it failed'),
      })),
  );
  const problem = testResults.find(({ message }) => message !== '')?.message ?? null;
  return { tests, problem: problem === null ? null : firstLine(problem) };
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
