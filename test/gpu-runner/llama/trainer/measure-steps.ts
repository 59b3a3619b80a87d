/** Run in a process of its own with --expose-gc: 1,000 training steps, and resident memory every 20 as JSON. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { LanguageModelTrainer } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import { adam, randomSequences, smallShape, withBase } from './fixtures.ts';

const architecture = smallShape({ layers: 1 });
await withBase(architecture, 'int8', 1, async (base) => {
  const layout = adapterLayout(architecture, 2, 4);
  const trainer = await LanguageModelTrainer.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    state: initialState([initialAdapter(layout, 1, 0)]),
    optimiser: adam,
    maximumTime: 16,
    microbatchRows: 4,
    session: { threads: 1 },
  });
  const megabytes: number[] = [];
  for (let step = 0; step < 1000; step++) {
    const rows = randomSequences(4, 48, [6, 16], step).map((tokens) => ({ tokens, start: 1 }));
    await trainer.step([rows], [1e-4]);
    if (step % 20 !== 19) continue;
    globalThis.gc?.();
    megabytes.push(process.memoryUsage().rss / 1e6);
  }
  await trainer.close();
  console.log(JSON.stringify(megabytes));
});
