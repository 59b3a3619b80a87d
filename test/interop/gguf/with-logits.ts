/** Logits of whole texts by the training graph. */
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';

const THREADS = 2;

/** Runs `use` with a function that gives the logits after each text. */
export async function withLogits<Result>(
  model: Model,
  maximumTime: number,
  use: (logits: (texts: readonly (readonly number[])[]) => Promise<Float32Array[]>) => Promise<Result>,
): Promise<Result> {
  const layout = adapterLayout(model.architecture, 1, 1);
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
    scoring: 'logits',
    maximumTime,
    microbatchRows: 8,
    session: { threads: THREADS },
  });
  try {
    return await use(
      async (texts) => (await pass.nextLogits(new Float32Array(layout.length), [texts]))[0] ?? [],
    );
  } finally {
    await pass.close();
  }
}
