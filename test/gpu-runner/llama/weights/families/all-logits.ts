/** Logits after every prefix of a text, by the graph that scores and trains. */
import { openCpuBackend } from '../../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { adapterLayout } from '../../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { BaseFile } from '../../../../../gpu-runner/llama/weights/base-file.ts';

/** fp32 logits of a base after `tokens[0..position]` for each of `positions`: [position][token]. */
export async function logitsAt(
  base: BaseFile,
  tokens: readonly number[],
  positions: readonly number[],
): Promise<Float32Array[]> {
  const layout = adapterLayout(base.architecture, 1, 1);
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    scoring: 'logits',
    maximumTime: tokens.length,
    microbatchRows: positions.length,
  });
  const prefixes = positions.map((position) => tokens.slice(0, position + 1));
  const [logits = []] = await pass.nextLogits(new Float32Array(layout.length), [prefixes]);
  await pass.close();
  return logits;
}
