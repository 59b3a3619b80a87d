/** One run of schemathesis against an edge that is up, and what its own report says. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { configurationOf } from './configuration.ts';
import type { FilledEdge } from './filled-edge.ts';

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
const LONGEST_OUTPUT = 256 * 1024 * 1024;

const failure = z.object({
  title: z.string(),
  count: z.number(),
  operations: z.array(z.string()).optional(),
});
const reportForm = z.object({
  operations: z.object({ total: z.number(), tested: z.number() }),
  test_cases: z.object({ generated: z.number(), with_failures: z.number() }),
  failures: z.array(failure),
  errors: z.array(z.object({ title: z.string(), count: z.number() })),
});
export type Report = z.infer<typeof reportForm>;

export interface SchemathesisRun {
  /** The program of the virtual environment. */
  readonly program: string;
  /** An empty folder. */
  readonly folder: string;
  readonly edge: FilledEdge;
  /** Undefined: requests carry none. */
  readonly key: string | undefined;
  /** Whether the boundaries of every field are tried, beside what chance generates. */
  readonly boundaries: boolean;
  /** Generated requests to each operation, at the most. */
  readonly examples: number;
  readonly seed: number;
  /** Where its words go where it finds something. */
  readonly log: (line: string) => void;
}

/** @throws Error with schemathesis' words where it could not run */
export async function runSchemathesis({
  program,
  folder,
  edge,
  key,
  examples,
  seed,
  boundaries,
  log,
}: SchemathesisRun): Promise<Report> {
  const [configuration, report] = [path.join(folder, 'schemathesis.toml'), path.join(folder, 'report.json')];
  await writeFile(configuration, configurationOf(edge.values, key), { mode: 0o600 });
  const words = [
    '--config-file',
    configuration,
    'run',
    `${edge.url}/openapi.json`,
    `--phases=examples,fuzzing,stateful${boundaries ? ',coverage' : ''}`,
    `--max-examples=${examples}`,
    `--seed=${seed}`,
    `--checks=${CHECKS.join(',')}`,
    '--report=json',
    `--report-json-path=${report}`,
    '--continue-on-failure',
    '--suppress-health-check=all',
    '--warnings=off',
    '--no-color',
  ];
  const said = await run(program, words, folder);
  const document = await readFile(report, 'utf8').catch((cause: unknown) => {
    throw new Error(`schemathesis made no report:\n${said}`, { cause });
  });
  const read = reportForm.safeParse(JSON.parse(document));
  if (!read.success) throw new Error(`schemathesis did not run:\n${said}`, { cause: read.error });
  if (read.data.failures.length + read.data.errors.length > 0) log(said);
  return read.data;
}

/** @returns what it said; that it found something is in its report */
async function run(program: string, words: readonly string[], folder: string): Promise<string> {
  return await new Promise((resolve) => {
    execFile(program, words, { cwd: folder, maxBuffer: LONGEST_OUTPUT }, (error, output, errors) => {
      resolve(`${output}${errors}${error === null || output !== '' ? '' : error.message}`);
    });
  });
}
