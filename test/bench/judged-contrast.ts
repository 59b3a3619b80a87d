/** `npm run bench -- judged-contrast`: whether people would prefer the side of a contrast that is called preferred. */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { contrastAnswers } from '../../gpu-runner/algorithms/contrast/measure-contrast.ts';
import type { ContrastAnswers } from '../../gpu-runner/algorithms/contrast/describe-contrast.ts';
import type { PairJudge } from '../../gpu-runner/algorithms/judge/pair-judge.ts';
import { onDevice } from '../../gpu-runner/llama/backends/open-model.ts';
import { decodeAdapterArtifact } from '../../gpu-runner/tasks/adapter-artifact.ts';
import { inForm } from '../../gpu-runner/tasks/in-form.ts';
import { preferenceJudge } from '../../gpu-runner/tasks/judges/preference-judge.ts';
import { openBaseModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { ownModel, ownPrompts, seedOption } from '../../scripts/experiment/options.ts';
import { readPromptFile } from '../../scripts/read-prompt-file.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { positiveNumber, wholeNumber } from '../../shared/command-line/values.ts';
import { mean } from '../../shared/statistics/summary.ts';
import { winRate } from '../../shared/statistics/win-rate.ts';
import { HELPFUL_CANDIDATES } from './contrast/candidates.ts';

const CACHE = '.rlcd/bench';

export const command = createCommand(
  'npm run bench -- judged-contrast',
  'Samples an answer a side for helpfulness in several words and places, and lets a preference model of human pairs say ' +
    'how often it prefers the positive side to the negative one: of all pairs, and of those that simulate.leastContrast 0 ' +
    'keeps. Prints JSON.',
)
  .addOption(ownModel().makeOptionMandatory())
  .addOption(ownPrompts().makeOptionMandatory())
  .requiredOption(
    '--judge <file>',
    "a preference model of people's pairs on this model, as the edge gives it out",
  )
  .option('--count <n>', 'the first prompts of the file that are taken', wholeNumber(1), 64)
  .option('--tokens <n>', 'the most new tokens of an answer', wholeNumber(1), 64)
  .option('--temperature <n>', 'of the answers', positiveNumber, 0.7)
  .addOption(seedOption())
  .action(async ({ model: source, prompts: file, judge: judgeFile, count, tokens, temperature, seed }) => {
    const model = await inForm(await onDevice(await openBaseModel(source, CACHE), 'cpu', CACHE), 'chat');
    const vector = await decodeAdapterArtifact(await readFile(judgeFile), model.architecture, judgeFile);
    const judge = await preferenceJudge('people', model, vector, 'chat');
    const { rows } = await readPromptFile(file, file);
    const prompts = rows
      .slice(0, count)
      .map(({ prompt: { text } }, row) => ({ id: String(row + 1), text, row }));
    const sampling = { temperature, topP: 1, maximumNewTokens: tokens, bannedTexts: [] };
    const hooks = { signal: new AbortController().signal, progress: () => undefined };
    const results = [];
    for (const { placement, ...pair } of HELPFUL_CANDIDATES) {
      const contrast = { promptForm: 'chat' as const, placement, responseOpening: '', affixPairs: [pair] };
      const { answers } = await contrastAnswers(model, { contrast, sampling, prompts, seed }, hooks);
      results.push({ placement, ...pair, ...(await judged(answers, judge)) });
      console.error(JSON.stringify(results.at(-1)));
    }
    await judge.close();
    const processor = cpus()[0]?.model ?? 'unknown';
    console.log(JSON.stringify({ processor, count, tokens, temperature, seed, results }, null, 2));
  });

/** How often the judge prefers the positive side, of all pairs and of those that contrast. */
async function judged(answers: readonly ContrastAnswers[], judge: PairJudge) {
  const pairs = answers.map(({ prompt, positive, negative }, index) => ({
    promptId: String(index),
    prompt,
    first: positive.text,
    second: negative.text,
    ended: { first: !positive.truncated, second: !negative.truncated },
  }));
  const verdicts = await judge.judge(pairs, new AbortController().signal);
  const shares = verdicts.map(({ share }) => share);
  const strong = shares.filter((_, index) => {
    const [positive, negative] = [answers[index]?.positive.nats ?? 0, answers[index]?.negative.nats ?? 0];
    return positive >= 0 && negative >= 0;
  });
  const sides = answers.flatMap(({ positive, negative }) => [positive, negative]);
  return {
    apart: sides.filter(({ nats }) => nats > 0).length / sides.length,
    kept: sides.filter(({ refused }) => refused === null).length / sides.length,
    nats: [mean(answers.map((one) => one.positive.nats)), mean(answers.map((one) => one.negative.nats))],
    tokens: [
      mean(answers.map((one) => one.positive.tokens)),
      mean(answers.map((one) => one.negative.tokens)),
    ],
    preferred: winRate(shares),
    preferredOfContrasting: strong.length === 0 ? null : winRate(strong),
  };
}
