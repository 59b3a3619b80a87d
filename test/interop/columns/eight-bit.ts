/** Log-probabilities of the 8-bit form against transformers' in fp32. */
import { openCpuBackend } from '../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { BaseFile } from '../../../gpu-runner/llama/weights/base-file.ts';
import type { Column } from '../column.ts';
import { packedSchema, unpack } from '../packed.ts';

export const eightBit: Column = {
  name: '8-bit',
  meaning:
    'mean distance of 8-bit log-probabilities from transformers in fp32, nats a token; at most 0.1 for made-up weights',
  check: async ({ folder, isMadeUp, tokens, model, python }) => {
    const logits = unpack(packedSchema.parse(await python('logits', { folder, tokens })));
    const { base } = await model('int8');
    const found = await logProbabilities(base, tokens);
    const width = logits.length / tokens.length;
    const distances = Array.from(found, (own, place) => {
      const row = logits.subarray(place * width, (place + 1) * width);
      const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
      return Math.abs(own - ((row[tokens[place + 1] ?? 0] ?? Number.NaN) - total));
    });
    return {
      value: distances.reduce((sum, one) => sum + one, 0) / distances.length,
      limit: isMadeUp ? 0.1 : null,
    };
  },
};

/** Of every token but the first. */
async function logProbabilities(base: BaseFile, tokens: readonly number[]): Promise<Float32Array> {
  const layout = adapterLayout(base.architecture, 1, 1);
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: tokens.length,
    microbatchRows: 1,
  });
  const scores = await pass.score(new Float32Array(layout.length), [[{ tokens, start: 1 }]]);
  await pass.close();
  return scores.logProbabilities[0]?.[0] ?? new Float32Array();
}
