/** Run in a process of its own with --expose-gc: 2,000 decoding steps of changing shapes, resident memory after each rollout as JSON. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { smallBase, smallRequest } from './small-model.ts';

const ROLLOUTS = 50;
const STEPS = 40;

const base = await smallBase();
const sampler = await Sampler.open({
  backend: await openCpuBackend(base),
  rows: 32,
  session: { threads: 2 },
});
const megabytes: number[] = [];
for (let rollout = 0; rollout < ROLLOUTS; rollout++) {
  const rows = 32 + ((rollout * 5) % 9);
  const request = smallRequest(rows, {
    maximumNewTokens: STEPS,
    seed: rollout,
    bannedTokens: base.architecture.eosTokens,
  });
  await sampler.sample(request);
  globalThis.gc?.();
  megabytes.push(process.memoryUsage().rss / 1e6);
}
await sampler.close();
rmSync(dirname(base.folder), { recursive: true });
console.log(JSON.stringify(megabytes));
