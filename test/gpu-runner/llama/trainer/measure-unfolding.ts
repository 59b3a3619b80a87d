/** Run in a process of its own: what one short training step of a deep model adds to the highest memory, as JSON in MB. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { LanguageModelTrainer } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import { layerWeights } from '../../../../shared/planner/model-bytes.ts';
import { adam, smallShape } from './fixtures.ts';

const BYTES_OF_FLOAT = 4;
const architecture = smallShape({ layers: 16, hiddenSize: 384, intermediateSize: 1024 });
const folder = mkdtempSync(join(tmpdir(), 'rlcd-unfolding-'));
const base = await writeRandomBase(join(folder, 'base'), architecture, 'int8', 1);
const layout = adapterLayout(architecture, 1, 2);
const trainer = await LanguageModelTrainer.open({
  trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
  state: initialState([initialAdapter(layout, 1, 0)]),
  optimiser: adam,
  maximumTime: 4,
  microbatchRows: 1,
});
const before = process.memoryUsage().rss;
await trainer.step([[{ tokens: [1, 2, 3, 4], start: 1 }]], [1e-4]);
const peak = process.resourceUsage().maxRSS * 1024;
const unfolded = BYTES_OF_FLOAT * architecture.layers * layerWeights(architecture);
await trainer.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ grown: (peak - before) / 1e6, unfolded: unfolded / 1e6 }));
