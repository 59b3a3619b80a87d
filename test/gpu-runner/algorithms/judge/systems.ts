/** Made-up completions of a system, for the tests of judges. */
import type { Completion } from '../../../../gpu-runner/algorithms/completion.ts';

export function system(texts: readonly string[], tokens: number, perToken = -2): Completion[] {
  return texts.map((completion, index) => ({
    promptId: `p${index}`,
    prompt: `Human: question ${index}\n\nAssistant:`,
    completion,
    tokens: tokens + index,
    ended: index === 0,
    baseLogProbability: perToken * (tokens + index),
  }));
}
