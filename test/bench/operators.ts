/** `npm run bench -- operators`: what single operators of a decoding step take in a loop of the engine, in one thread. */
import { availableParallelism, cpus } from 'node:os';
import { namedShapes } from '../../gpu-runner/llama/model/named-shapes.ts';
import type { Value } from '../../gpu-runner/tensor/graph.ts';
import { emitOne } from '../../gpu-runner/tensor/operators/emit.ts';
import * as ops from '../../gpu-runner/tensor/operators.ts';
import { shapeOption } from './common/shape-option.ts';
import { attentionForms, PAST } from './operators/attention-forms.ts';
import { type Step, timeInLoop } from './operators/time-in-loop.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

export const command = createCommand(
  'npm run bench -- operators',
  'What single operators of a decoding step take in a loop of the engine, in one thread.',
)
  .addOption(shapeOption('m3'))
  .option('--rows <n>', 'rows of a batch', wholeNumber(1), 1)
  .addOption(jsonOption())
  .action(async (values) => {
    const { shape, rows } = values;
    const architecture = namedShapes[shape];
    const { hiddenSize } = architecture;
    const stream = [rows, hiddenSize];
    const nanoseconds: Record<string, number> = {};
    const measure = async (
      name: string,
      shapes: readonly (readonly number[])[],
      step: Step,
    ): Promise<void> => {
      nanoseconds[name] = Math.round(await timeInLoop(shapes, step));
    };
    await measure('Neg', [stream], ops.negate);
    await measure('Add', [stream, stream], (x, y: Value) => ops.add(x, y));
    await measure('Div by a number a row', [stream, [rows, 1]], (x, y: Value) => ops.divide(x, y));
    await measure('ReduceMax and Sub', [stream], (x) =>
      ops.subtract(x, ops.reduceMax(x, { axes: [-1], keep: true })),
    );
    await measure('Split and Concat of halves', [stream], (x) =>
      ops.concat(ops.split(x, 1, [hiddenSize / 2, hiddenSize / 2]), 1),
    );
    await measure('SimplifiedLayerNormalization', [stream, [hiddenSize]], (x, weight: Value) =>
      emitOne('SimplifiedLayerNormalization', [x, weight], x),
    );
    for (const [name, form] of Object.entries(attentionForms(architecture, rows)))
      await measure(`attention, ${name}`, form.shapes, form.step);
    const machine = { processor: cpus()[0]?.model, threads: availableParallelism() };
    const figures = { shape, rows, past: PAST, nanoseconds, machine };
    console.log(values.json ? JSON.stringify(figures) : figures);
  });
