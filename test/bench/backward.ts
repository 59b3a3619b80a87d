/** `npm run bench -- backward`: the products that take gradients back through the frozen layers, in fp32 and in 8 bits. */
import { availableParallelism, cpus } from 'node:os';
import { fastestExactProduct } from '../../gpu-runner/llama/backends/cpu/exact-product.ts';
import { float32 } from '../../gpu-runner/llama/trainer/batch.ts';
import { serialiseGraph } from '../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../gpu-runner/tensor/session.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { vocabularyBlock } from '../../shared/planner/model-bytes.ts';
import { normal } from '../../shared/random.ts';
import { type BackwardLayer, FORMS, inputGradientGraph } from './backward/product-forms.ts';
import { median, randomBase, round } from './common/figures.ts';
import { shapeOption } from './common/shape-option.ts';

const LAYERS = ['attention.qkv', 'attention.output', 'feedForward.gateUp', 'feedForward.down'];

export const command = createCommand(
  'npm run bench -- backward',
  'The products that take gradients back through the frozen layers: in fp32 as training does them, and in 8 bits. The ' +
    'forms run in turn and ratios are those of neighbours; with one thread they are of processor time, so that ' +
    'other work on the machine hardly counts.',
)
  .addOption(shapeOption('m135'))
  .option('--rows <n>', 'tokens', wholeNumber(1), 2048)
  .option('--repeats <n>', 'runs of each form', wholeNumber(1), 9)
  .option('--threads <n>', 'threads of an operator', wholeNumber(1), 1)
  .addOption(jsonOption())
  .action(async ({ shape, rows, repeats, threads, json }) => {
    const base = await randomBase(shape);
    const cpuBase = { base, exactProduct: await fastestExactProduct(), hasUnsignedFile: false };
    const sizes = (name: string) => base.region(`${name}.weight`).shape;
    const layers: (BackwardLayer & { readonly rows: number })[] = LAYERS.map((layer) => {
      const name = `layers.0.${layer}`;
      const [inputs = 1, outputs = 1] = sizes(name);
      return { name, inputs, outputs, rows };
    });
    if (base.has('embedding.weight')) {
      const [outputs = 1, inputs = 1] = sizes('embedding');
      layers.push({ name: 'embedding', inputs, outputs, rows: vocabularyBlock(base.architecture) });
    }
    const products = [];
    for (const layer of layers) {
      const g = float32(
        [layer.rows, layer.outputs],
        Float32Array.from({ length: layer.rows * layer.outputs }, (_, index) => normal(1, 1, index)),
      );
      const sessions = await Promise.all(
        FORMS.map(async (form) => {
          const model = serialiseGraph(inputGradientGraph(cpuBase, layer, form));
          return await TensorSession.open({ model, folder: base.folder }, { threads, memoryPattern: false });
        }),
      );
      const times: number[][] = FORMS.map(() => []);
      const results: Float32Array[] = [];
      for (let repeat = -1; repeat < repeats; repeat++) {
        for (const [index, session] of sessions.entries()) {
          const data = new Float32Array(layer.rows * layer.inputs);
          const dx = float32([layer.rows, layer.inputs], data);
          const [started, before] = [performance.now(), process.cpuUsage()];
          await session.run({ g }, { dx });
          const { user, system } = process.cpuUsage(before);
          const took = threads === 1 ? (user + system) / 1000 : performance.now() - started;
          if (repeat < 0) results.push(data);
          else times[index]?.push(took);
        }
      }
      for (const session of sessions) await session.close();
      const forms = FORMS.map((form, index) => {
        const own = times[index] ?? [];
        const ratios = own.map((took, repeat) => (times[0]?.[repeat] ?? Number.NaN) / took);
        const cosine = cosineOf(results[0] ?? [], results[index] ?? []);
        return [form, { ms: round(median(own)), ratio: round(median(ratios)), cosine }] as const;
      });
      const { name, inputs, outputs } = layer;
      products.push({ name, rows: layer.rows, inputs, outputs, ...Object.fromEntries(forms) });
    }
    const machine = { processor: cpus()[0]?.model, threads, of: availableParallelism() };
    const figures = { shape, products, exactProduct: cpuBase.exactProduct, machine };
    console.log(json ? JSON.stringify(figures) : JSON.stringify(figures, null, 1));
  });

function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [products, left, right] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index] ?? 0, b[index] ?? 0];
    products += x * y;
    left += x * x;
    right += y * y;
  }
  return Number((products / Math.sqrt(left * right)).toFixed(6));
}
