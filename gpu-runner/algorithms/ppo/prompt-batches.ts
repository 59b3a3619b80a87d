/** Which prompts a PPO step rolls out: every prompt once before any comes again, in an order drawn per pass. */
import { permutation } from '../../../shared/random.ts';
import { streamOf } from '../streams.ts';

/** One rollout to sample: which prompt, and the stream of its tokens. */
export interface RolloutPlan {
  readonly prompt: number;
  readonly stream: number;
}

/**
 * The rollouts of a step, a function of the arguments alone; `groupSize` neighbouring rollouts share their prompt.
 *
 * @param prompts number of prompts
 * @param rollouts rollouts of every step, a multiple of groupSize
 */
export function rolloutPlan(
  prompts: number,
  rollouts: number,
  groupSize: number,
  step: number,
  seed: number,
): RolloutPlan[] {
  const perStep = rollouts / groupSize;
  let pass = -1;
  let order = new Uint32Array();
  return Array.from({ length: rollouts }, (_, row) => {
    const drawn = step * perStep + Math.floor(row / groupSize);
    if (Math.floor(drawn / prompts) !== pass) {
      pass = Math.floor(drawn / prompts);
      order = new Uint32Array(permutation(prompts, seed, streamOf('prompt-batches', pass)));
    }
    return { prompt: order[drawn % prompts] ?? 0, stream: streamOf('rollout', step * rollouts + row) };
  });
}
