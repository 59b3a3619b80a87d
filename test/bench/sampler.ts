/** `npm run bench -- sampler`: 16 prompt and 64 new tokens on random weights, beside the bare 8-bit products of its steps. */
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import path from 'node:path';
import type { BaseFile } from '../../gpu-runner/llama/weights/base-file.ts';
import { fastestExactProduct } from '../../gpu-runner/llama/backends/cpu/exact-product.ts';
import { Sampler } from '../../gpu-runner/llama/sampler/sampler.ts';
import { shapeOption } from './common/shape-option.ts';
import { BareProducts } from './sampler/bare-products.ts';
import { median, peakMegabytes, randomBase, round } from './common/figures.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { positiveNumber, wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

const PROMPT = 16;
const STEPS = 64;
const SEED = 1;
const SECONDS = 3;

export const command = createCommand(
  'npm run bench -- sampler',
  '16 prompt and 64 new tokens on random weights, beside the bare 8-bit products of its steps.',
)
  .addOption(shapeOption('m3'))
  .option('--batch <n>', 'rows', wholeNumber(1), 32)
  .option(
    '--rollouts <n>',
    'so many rollouts instead of three seconds of them; 0 for those',
    wholeNumber(0),
    0,
  )
  .option('--top-p <p>', 'draws from the likeliest tokens that hold so much probability', positiveNumber, 1)
  .option('--banned <n>', 'bans so many tokens', wholeNumber(0), 0)
  .option('--temperature <t>', 'of the draws', positiveNumber, 1)
  .option('--profile', 'prints the time of each kind of operator, in one session', false)
  .addOption(jsonOption())
  .action(async (values) => {
    const shape = values.shape;
    const batch = values.batch;
    const base = await randomBase(shape);
    const session = { threads: availableParallelism(), profile: values.profile };
    const before = process.memoryUsage().rss;
    const sampler = await Sampler.open({
      backend: await openCpuBackend(base),
      rows: batch,
      maximumPositions: PROMPT + STEPS,
      session,
    });
    const { vocabularySize } = base.architecture;
    const request = {
      prompts: Array.from({ length: batch }, (_, row) =>
        Int32Array.from({ length: PROMPT }, (_unused, index) => (row * 61 + index * 37 + 3) % vocabularySize),
      ),
      maximumNewTokens: STEPS,
      topP: values.topP,
      temperature: values.temperature,
      bannedTokens: Array.from({ length: values.banned }, (_, token) => token * 7),
      seed: SEED,
      rowIds: Array.from({ length: batch }, (_, row) => row),
    };
    const rollout = async (maximumNewTokens: number): Promise<number> => {
      const started = performance.now();
      await sampler.sample({ ...request, maximumNewTokens });
      return performance.now() - started;
    };
    await rollout(STEPS);
    const promptTimes: number[] = [];
    const times: number[] = [];
    const started = performance.now();
    const wanted = values.rollouts;
    const memory: number[] = [];
    while (wanted > 0 ? times.length < wanted : performance.now() - started < SECONDS * 1000) {
      promptTimes.push(await rollout(1));
      times.push(await rollout(STEPS));
      memory.push(process.memoryUsage().rss);
    }
    const peak = peakMegabytes();
    const mapped = mappedMegabytes(base.folder);
    if (values.profile) {
      const { operators, totalMilliseconds } = sampler.profile();
      console.log(JSON.stringify({ totalMilliseconds, operators: operators.slice(0, 25) }, null, 1));
    }
    const form = await fastestExactProduct();
    const products = await BareProducts.open(base, form, batch, { threads: availableParallelism() });
    const productTimes: number[] = [];
    const productsStarted = performance.now();
    while (performance.now() - productsStarted < (SECONDS * 1000) / 3 || productTimes.length < 3) {
      productTimes.push(await products.time(STEPS));
    }
    const rolloutMs = Math.min(...times);
    // The prompt's pass yields the first token; the other steps read one token a row each.
    const stepMs = (rolloutMs - Math.min(...promptTimes)) / (STEPS - 1);
    const productMs = Math.min(...productTimes);
    const [head = 0] = memory;
    const figures = {
      shape,
      batch,
      tokensPerSecond: Math.round((batch * STEPS * 1000) / rolloutMs),
      medianTokensPerSecond: Math.round((batch * STEPS * 1000) / median(times)),
      rolloutMs: round(rolloutMs),
      stepMs: round(stepMs),
      productMs: round(productMs),
      stepOverProduct: round(stepMs / productMs),
      productGops: round(products.operations / productMs / 1e6),
      peakRssMb: peak,
      mappedMb: mapped,
      startRssMb: Math.round(before / 1e6),
      weightsMb: round(base.regions.reduce((sum, { length }) => sum + length, 0) / 1e6),
      cacheMb: round(cacheBytes(base, batch) / 1e6),
      growthMbPer100Steps: round(((memory.at(-1) ?? head) - head) / 1e6 / ((times.length * STEPS) / 100)),
      steps: times.length * STEPS,
      exactProduct: form,
      machine: {
        processor: cpus()[0]?.model,
        threads: availableParallelism(),
        memoryMb: Math.round(totalmem() / 1e6),
      },
    };
    console.log(values.json ? JSON.stringify(figures) : figures);
    await sampler.close();
    await products.close();
  });

/** Keys and values of all tokens at the end, in fp32. */
function cacheBytes({ architecture }: BaseFile, batch: number): number {
  const { layers, keyValueHeads, headSize } = architecture;
  return batch * layers * 2 * keyValueHeads * headSize * (PROMPT + STEPS) * 4;
}

/** Pages of a folder's files in the process's memory: counted as its own, but unchanged, so the system may take them back. */
function mappedMegabytes(folder: string): number | undefined {
  if (!existsSync('/proc/self/smaps')) return undefined;
  const regions = readFileSync('/proc/self/smaps', 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const kilobytes = regions
    .filter((region) => region.split('\n', 1)[0]?.includes(`${folder}${path.sep}`))
    .reduce(
      (sum, region) => sum + Number(/Rss:\s+(?<kilobytes>\d+)/.exec(region)?.groups?.['kilobytes'] ?? 0),
      0,
    );
  return Math.round((kilobytes * 1024) / 1e6);
}
