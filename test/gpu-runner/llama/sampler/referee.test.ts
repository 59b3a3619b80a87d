/** The sampler against a referee: the training graph asked for the next logits token by token, drawn from in float64. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { expect, it } from 'vitest';
import { drawOf, limitOf, type SamplingRequest } from '../../../../gpu-runner/llama/sampler/request.ts';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { endsAt, rowTokens, smallBase, smallRequest, smallShape } from './small-model.ts';

/** One row to its end; `nextLogits` are those after a whole sequence. */
async function referee(
  request: SamplingRequest,
  row: number,
  stops: readonly (readonly number[])[],
  nextLogits: (tokens: readonly number[]) => Promise<Float32Array>,
): Promise<{ response: number[]; reason: 'stop' | 'length' }> {
  const prompt = Array.from(request.prompts[row] ?? []);
  const response: number[] = [];
  while (response.length < limitOf(request, row)) {
    const draw = drawOf(request.seed, request.rowIds[row] ?? 0, response.length);
    response.push(drawFrom(await nextLogits([...prompt, ...response]), draw));
    const ended = (stop: readonly number[]) => response.slice(-stop.length).join() === stop.join();
    if (stops.some(ended)) return { response, reason: 'stop' };
  }
  return { response, reason: 'length' };
}

/** The first token whose share of the running sum exceeds the draw. */
function drawFrom(logits: Float32Array, draw: number): number {
  const top = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - top));
  const target = draw * weights.reduce((sum, weight) => sum + weight, 0);
  let upTo = 0;
  return weights.findIndex((weight) => (upTo += weight) > target);
}

it('draws what the training graph says, and ends where it does', async () => {
  const base = await smallBase();
  const layout = adapterLayout(smallShape, 2, 2);
  const session = { threads: 2 };
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    maximumTime: 128,
    microbatchRows: 8,
    session,
    scoring: 'logits',
  });
  const nextLogits = async (tokens: readonly number[]) => {
    const [logits] = await forwardPass.nextLogits(new Float32Array(layout.length), [[tokens]]);
    return logits?.[0] ?? new Float32Array(0);
  };
  const sampler = await Sampler.open({ backend: await openCpuBackend(base), session });
  const request = smallRequest(6, { maximumNewTokens: [12, 0, 12, 5, 12, 12], ends: endsAt([[7], [9, 9]]) });
  const stops = [...smallShape.eosTokens.map((token) => [token]), [7], [9, 9]];
  const sampled = await sampler.sample(request);
  for (let row = 0; row < 6; row++) {
    const { response, reason } = await referee(request, row, stops, nextLogits);
    expect(rowTokens(sampled, row)).toEqual(response);
    expect(sampled.finishReasons[row]).toBe(reason);
  }
  for (const open of [forwardPass, sampler]) await open.close();
});
