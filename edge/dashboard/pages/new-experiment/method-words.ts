/** What each method does, in a few words, for those who choose one; docs/method.md says it in full. */
import type { Method } from '../../../../shared/method-stages.ts';

export const METHOD_WORDS: Readonly<Record<Exclude<Method, 'look'>, string>> = {
  rlcd: "the paper's: pairs by contrast, a preference model, PPO",
  'filtered-rlcd': 'rlcd without pairs that the model itself cannot tell apart',
  rloo: 'rlcd without a value model: answers to a prompt are compared',
  grpo: 'as rloo, and scaled by how far those answers differ',
  'rlcd-direct': 'PPO on the contrast itself, for few prompts',
  rlaif: 'the model labels pairs of its own answers, then as rlcd',
  'rlcd-rescore': 'pairs by contrast, labelled by the model, then as rlcd',
  'context-distillation': 'trained on the answers towards the principle',
  base: 'the model as it is, to compare with',
  'best-of-n': 'the best of several answers; only a preference model is trained',
  dpo: 'pairs by contrast, without a preference model',
  dlma: 'dpo with margins that the contrast measures',
  simpo: 'pairs by contrast, without a reference model',
  kto: 'single answers of the pairs, gained or lost one by one',
  delta: "a stronger model's answers against its own, as dpo",
  'human-preference-model': 'a judge of pairs that people labelled',
  'examine-judges': 'what judges are worth, on test pairs that people labelled',
};
