/** Test helper: how likely a response is, read one token at a time. */
import { type AdapterLayout, adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';

/** log p(response | prompt), one forward pass a token: no batch, no padding. @param adapter left out: of the base */
export async function likelihood(
  model: Model,
  prompt: Int32Array,
  response: Int32Array,
  adapter?: { readonly layout: AdapterLayout; readonly vector: Float32Array },
): Promise<number> {
  const layout = adapter?.layout ?? adapterLayout(model.architecture, 1, 1);
  const vector = adapter?.vector ?? new Float32Array(layout.length);
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
    scoring: 'logits',
    maximumTime: model.architecture.maximumPositions,
    microbatchRows: 1,
  });
  let sum = 0;
  for (const [index, token] of response.entries()) {
    const before = Int32Array.of(...prompt, ...response.subarray(0, index));
    const [[logits = new Float32Array()] = []] = await forwardPass.nextLogits(vector, [[before]]);
    const most = Math.max(...logits);
    const total = logits.reduce((running, logit) => running + Math.exp(logit - most), 0);
    sum += (logits[token] ?? Number.NaN) - most - Math.log(total);
  }
  await forwardPass.close();
  return sum;
}
