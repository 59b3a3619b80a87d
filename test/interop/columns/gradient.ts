/** Gradients of a LoRA adapter through our training step against torch's autograd. */
import { z } from 'zod';
import { normal } from '../../../shared/random.ts';
import { openCpuBackend } from '../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { type Projection, projections, projectionShape } from '../../../gpu-runner/llama/model/adapter.ts';
import { adapterFromVector, adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { languageModelBatch } from '../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import type { Trainable } from '../../../gpu-runner/llama/trainer/graphs.ts';
import { initialState } from '../../../gpu-runner/llama/trainer/training-state.ts';
import { gradientOf } from '../../gpu-runner/llama/trainer/one-run.ts';
import type { Column } from '../column.ts';
import { pack, packedSchema, unpack } from '../packed.ts';

const RANK = 4;
const ALPHA = 8;
const SEED = 3;

/** After `layers.N.`, as most families name them; Python cuts the fused ones. */
const names: Readonly<Record<Projection, string>> = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOutput: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

const answerSchema = z.strictObject({
  loss: z.number(),
  gradients: z.record(z.string(), z.strictObject({ a: packedSchema, b: packedSchema })),
});

export const gradient: Column = {
  name: 'gradient',
  meaning: '1 - cosine of the gradient of a LoRA adapter to autograd, the worst projection; at most 1e-3',
  check: async ({ folder, tokens, model, python }) => {
    const { base, architecture } = await model('fp32');
    const layout = adapterLayout(architecture, RANK, ALPHA);
    const vector = Float32Array.from({ length: layout.length }, (_, place) => 0.05 * normal(SEED, 0, place));
    const adapter = adapterFromVector(layout, vector, false);
    const shapes = (projection: Projection) => {
      const [outputs, inputs] = projectionShape(architecture, projection);
      return { a: [RANK, inputs], b: [outputs, RANK] };
    };
    const pairs = Object.fromEntries(
      adapter.layers.flatMap((pairsOf, layer) =>
        projections.flatMap((projection) => {
          const pair = pairsOf[projection];
          if (pair === undefined) return [];
          const { a, b } = shapes(projection);
          const name = `layers.${layer}.${names[projection]}`;
          return [[name, { a: pack(a, pair.a), b: pack(b, pair.b) }] as const];
        }),
      ),
    );
    const scale = ALPHA / RANK;
    const { gradients } = answerSchema.parse(await python('gradient', { folder, tokens, scale, pairs }));
    const trainable: Trainable = { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 };
    const rows = [[{ tokens, start: 1 }]];
    const { batch } = languageModelBatch(rows, [1 / (tokens.length - 1)], trainable, tokens.length);
    const found = await gradientOf(
      trainable,
      { kind: 'language-model' },
      batch.feeds,
      initialState([vector]).parameters,
      tokens.length,
    );
    const own = adapterFromVector(layout, found['gradient'] ?? new Float32Array(), false);
    const worst = projections.flatMap((projection) =>
      (['a', 'b'] as const).map((side) => {
        const ours = own.layers.flatMap((pairsOf) => Array.from(pairsOf[projection]?.[side] ?? []));
        const theirs = own.layers.flatMap((_, layer) => {
          const pair = gradients[`layers.${layer}.${names[projection]}`];
          return pair === undefined ? [] : Array.from(unpack(pair[side]));
        });
        return 1 - cosine(ours, theirs);
      }),
    );
    return { value: Math.max(...worst), limit: 1e-3 };
  },
};

function cosine(one: readonly number[], other: readonly number[]): number {
  const product = (left: readonly number[], right: readonly number[]): number =>
    left.reduce((sum, value, index) => sum + value * (right[index] ?? Number.NaN), 0);
  return product(one, other) / Math.sqrt(product(one, one) * product(other, other));
}
