/** The arrows between the rooms: the project's own lint configuration goes red when one is turned round. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A made-up file, what it imports, and what the message must name. */
const TURNED: readonly (readonly [file: string, imports: string, message: string])[] = [
  ['shared/turned.ts', '../edge/app.ts', 'shared must not import edge'],
  ['shared/api/turned.ts', '../../gpu-runner/main.ts', 'shared must not import gpu-runner'],
  ['shared/api/files.ts', 'node:fs/promises', 'shared must not import node:fs/promises'],
  [
    'edge/routes/turned.ts',
    '../../gpu-runner/tensor/graph.ts',
    'edge/routes must not import gpu-runner/tensor',
  ],
  ['edge/http/turned.ts', '../routes/tasks.ts', 'edge/http must not import edge/routes'],
  ['edge/orchestration/turned.ts', '../http/guard.ts', 'edge/orchestration must not import edge/http'],
  ['edge/store/turned.ts', '../scoring/scorer.ts', 'edge/store must not import edge/scoring'],
  ['edge/domain/turned.ts', '../store/keys.ts', 'edge/domain must not import edge/store'],
  ['edge/routes/sql.ts', 'drizzle-orm', 'edge/routes must not import drizzle-orm'],
  ['edge/dashboard/turned.ts', '../store/keys.ts', 'edge/dashboard must not import edge/store'],
  ['edge/store/dashboard.ts', '../dashboard/main.tsx', 'edge/store must not import edge/dashboard'],
  ['gpu-runner/tensor/turned.ts', '../llama/model/lora.ts', 'tensor must not import gpu-runner/llama/model'],
  [
    'gpu-runner/llama/model/turned.ts',
    '../sampler/sampler.ts',
    'model must not import gpu-runner/llama/sampler',
  ],
  [
    'gpu-runner/llama/weights/turned.ts',
    '../backends/cpu/a.ts',
    'weights must not import gpu-runner/llama/backends/cpu',
  ],
  [
    'gpu-runner/llama/backends/cpu/turned.ts',
    '../cuda/layer.ts',
    'cpu must not import gpu-runner/llama/backends/cuda',
  ],
  [
    'gpu-runner/llama/backends/cuda/turned.ts',
    '../../sampler/a.ts',
    'cuda must not import gpu-runner/llama/sampler',
  ],
  [
    'gpu-runner/llama/sampler/turned.ts',
    '../trainer/trainer.ts',
    'sampler must not import gpu-runner/llama/trainer',
  ],
  [
    'gpu-runner/llama/trainer/turned.ts',
    '../sampler/sampler.ts',
    'trainer must not import gpu-runner/llama/sampler',
  ],
  [
    'gpu-runner/llama/sampler/device.ts',
    '../backends/cuda/a.ts',
    'sampler must not import gpu-runner/llama/backends/cuda',
  ],
  [
    'gpu-runner/llama/trainer/device.ts',
    '../backends/cpu/a.ts',
    'trainer must not import gpu-runner/llama/backends/cpu',
  ],
  [
    'gpu-runner/llama/model/device.ts',
    '../backends/cpu/a.ts',
    'model must not import gpu-runner/llama/backends/cpu',
  ],
  ['gpu-runner/llama/model/binding.ts', 'onnxruntime-node', 'model must not import onnxruntime-node'],
  [
    'gpu-runner/llama/tokenizer/turned.ts',
    '../weights/a.ts',
    'tokenizer must not import gpu-runner/llama/weights',
  ],
  ['gpu-runner/algorithms/turned.ts', '../tasks/run-task.ts', 'algorithms must not import gpu-runner/tasks'],
  ['gpu-runner/algorithms/files.ts', 'node:fs', 'algorithms must not import node:fs'],
  ['gpu-runner/algorithms/net.ts', 'undici', 'algorithms must not import undici'],
  ['gpu-runner/tasks/device.ts', '../llama/backends/a.ts', 'tasks must not import gpu-runner/llama/backends'],
  ['gpu-runner/tasks/turned.ts', '../runner/edge.ts', 'tasks must not import gpu-runner/runner'],
  ['gpu-runner/tasks/edge.ts', '../../edge/problem.ts', 'gpu-runner/tasks must not import edge'],
  [
    'scripts/tools/lint/turned.ts',
    '../../../test/oracle/tape.ts',
    'scripts must not import test/oracle/tape.ts',
  ],
  ['deploy/webhook/turned.ts', '../../edge/app.ts', 'deploy must not import edge'],
];

/** Imports that must pass: every layer in one line, and a test that reaches anywhere. */
const STRAIGHT: readonly (readonly [file: string, imports: string])[] = [
  ['edge/routes/straight.ts', '../http/guard.ts'],
  ['edge/orchestration/straight.ts', '../store/keys.ts'],
  ['edge/dashboard/straight.ts', '../../shared/api/client.ts'],
  ['gpu-runner/tasks/straight.ts', '../algorithms/select.ts'],
  ['gpu-runner/algorithms/straight.ts', '../llama/trainer/trainer.ts'],
  ['gpu-runner/llama/trainer/straight.ts', '../model/lora.ts'],
  ['gpu-runner/llama/model/straight.ts', '../../tensor/graph.ts'],
  ['test/straight.test.ts', '../gpu-runner/main.ts'],
];

interface Finding {
  readonly message: string;
  readonly code: string;
  readonly filename: string;
}

let folder = '';
let findings: readonly Finding[] = [];

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
  await writeFile(path.join(folder, file), text);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrows-'));
  await cp('scripts/tools/lint', path.join(folder, 'scripts/tools/lint'), { recursive: true });
  // Without the rules that need the types: the made-up files have none.
  const configuration = await readFile('.oxlintrc.json', 'utf8');
  await write('.oxlintrc.json', configuration.replace('"typeAware": true', '"typeAware": false'));
  for (const [file, imports] of [...TURNED, ...STRAIGHT])
    await write(file, `export type * from '${imports}';\n`);
  await write('shared/statistics/one.ts', `import type { Two } from './two.ts';\nexport type One = Two[];\n`);
  await write('shared/statistics/two.ts', `import type { One } from './one.ts';\nexport type Two = One[];\n`);
  await write('gpu-runner/algorithms/dynamic.ts', `export const later = import('../tasks/run-task.ts');\n`);
  await write('gpu-runner/algorithms/inline.ts', `export type Task = import('../tasks/run-task.ts').Task;\n`);
  const output = await new Promise<string>((resolve) => {
    // oxlint ends with 1 where it finds something, which is what is wanted here.
    execFile(
      process.execPath,
      [path.resolve('node_modules/oxlint/bin/oxlint'), '--format=json'],
      { cwd: folder },
      (_, text) => resolve(text),
    );
  });
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the linter's own report
  const report: { diagnostics: Finding[] } = JSON.parse(output);
  findings = report.diagnostics;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function arrowsOf(file: string): readonly string[] {
  return findings
    .filter((one) => one.filename === file && one.code === 'house(arrows)')
    .map((one) => one.message);
}

test.each(TURNED)('%s must not import %s', (file, _imports, message) => {
  expect(arrowsOf(file)).toEqual([expect.stringContaining(message)]);
});

test.each(STRAIGHT)('%s may import %s', (file) => {
  expect(arrowsOf(file)).toEqual([]);
});

test('an import that runs later and a type written in place count as well', () => {
  expect(arrowsOf('gpu-runner/algorithms/dynamic.ts')).toHaveLength(1);
  expect(arrowsOf('gpu-runner/algorithms/inline.ts')).toHaveLength(1);
});

test('a circle of types alone is found', () => {
  const circles = findings.filter((one) => one.code === 'import(no-cycle)').map((one) => one.filename);
  expect(circles.toSorted()).toEqual(['shared/statistics/one.ts', 'shared/statistics/two.ts']);
});
