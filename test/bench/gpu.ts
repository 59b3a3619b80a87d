/** `npm run bench -- gpu`: samples and trains on a CUDA card with random weights of a shape. */
import { ConfigurationError } from '../../shared/read-variables.ts';
import { missingCudaLibraries } from '../../gpu-runner/runner/device.ts';
import { checkGpuGraphs } from './gpu/check.ts';
import { gpuShape, SHAPES, type GpuShapeName } from './gpu/shapes.ts';
import { measureGpu } from './gpu/measure.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { Option } from '@commander-js/extra-typings';

export const command = createCommand(
  'npm run bench -- gpu',
  'Samples and trains on a CUDA card with random weights of a shape.',
)
  .addOption(
    new Option('--shape <shape>', 'the shape')
      .choices(Object.keys(SHAPES) as GpuShapeName[])
      .default('llama7b' as const),
  )
  .option(
    '--check',
    'builds every graph instead and holds it against what CUDA registers; needs no card',
    false,
  )
  .addOption(
    new Option('--attention <form>', 'for the steps; by the rows unless given').choices([
      'fused',
      'two-part',
    ] as const),
  )
  .addOption(jsonOption())
  .action(async (values) => {
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
    print(await measureGpu(gpuShape(values.shape), values.attention));
  });
