/**
 * `npm run bench -- gpu`: samples and trains on a CUDA card with random weights of a shape.
 *
 *   --shape NAME       llama7b (default), llama30b, m1b
 *   --check            builds every graph instead and holds it against what CUDA registers; needs no card
 *   --attention FORM   fused or two-part, for the steps; by the rows unless given
 *   --json             one JSON document
 */
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../../gpu-runner/runner/configuration.ts';
import { missingCudaLibraries } from '../../gpu-runner/runner/device.ts';
import { checkGpuGraphs } from './gpu/check.ts';
import { gpuShape } from './gpu/shapes.ts';
import { measureGpu } from './gpu/measure.ts';

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shape: { type: 'string', default: 'llama7b' },
      check: { type: 'boolean', default: false },
      attention: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const print = (figures: unknown): void => console.log(values.json ? JSON.stringify(figures) : figures);
  if (values.check) {
    const checks = checkGpuGraphs(gpuShape(values.shape));
    print(checks);
    if (checks.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
    return;
  }
  const missing = missingCudaLibraries();
  if (missing.length > 0) {
    throw new ConfigurationError(
      `this bench needs CUDA, and here is missing: ${missing
        .map(({ library, cure }) => `${library} (${cure})`)
        .join('; ')}`,
    );
  }
  const { attention } = values;
  if (attention !== undefined && attention !== 'fused' && attention !== 'two-part') {
    throw new ConfigurationError(`--attention is ${attention}: it is fused or two-part`);
  }
  print(await measureGpu(gpuShape(values.shape), attention));
}
