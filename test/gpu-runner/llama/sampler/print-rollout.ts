/** Prints the tokens of a rollout as JSON: run in a process of its own by the test of equal processes. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { rowTokens, smallBase, smallRequest } from './small-model.ts';

const [folder] = process.argv.slice(2);
const sampler = await Sampler.open({
  backend: await openCpuBackend(await smallBase(folder)),
  session: { threads: 2 },
});
const rollout = await sampler.sample(smallRequest(6));
await sampler.close();
const rows = Array.from({ length: rollout.rows }, (_, row) => rowTokens(rollout, row));
console.log(JSON.stringify({ rows, logProbabilities: Array.from(rollout.logProbabilities) }));
