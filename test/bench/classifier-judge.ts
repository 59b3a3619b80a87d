/** `npm run bench -- classifier-judge`: how often a classifier finds the response better that people preferred. */
import { cpus } from 'node:os';
import { pipeline } from '@huggingface/transformers';
import { z } from 'zod';
import { classifierJudge } from '../../gpu-runner/tasks/judges/classifier.ts';
import { LOCAL, localModel } from '../../gpu-runner/tasks/judges/local-model.ts';
import { jsonOption, seedOption } from '../../scripts/experiment/options.ts';
import { readUserFile } from '../../scripts/read-user-file.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { permutation } from '../../shared/random.ts';
import { accuracy } from '../../shared/statistics/agreement.ts';
import { bootstrapMean } from '../../shared/statistics/bootstrap.ts';
import { lengthControlledWinRate } from '../../shared/statistics/length-controlled-win-rate.ts';
import { mean } from '../../shared/statistics/summary.ts';
import { HH_FIELDS, humanPairs } from './human-preferences/human-pairs.ts';

/** Responses that are also read in batches, and how many go together. */
const ALSO_TOGETHER = 128;
const TOGETHER = 16;

export const command = createCommand(
  'npm run bench -- classifier-judge',
  'How often a classifier, as judge, finds the response better that people preferred; what length alone would reach; and ' +
    'what reading texts in batches would change.',
)
  .requiredOption('--folder <folder>', 'of the classifier')
  .option('--label <name>', "whose probability is a response's score", 'safe')
  .requiredOption('--pairs <file>', 'rows of two whole dialogues, as Anthropic HH has them')
  .option('--count <n>', 'so many pairs, drawn by the seed', wholeNumber(2), 500)
  .addOption(seedOption())
  .addOption(jsonOption())
  .action(async ({ folder, label, pairs: file, count, seed, json }) => {
    const all = humanPairs(await readUserFile(file, file), HH_FIELDS);
    const pairs = [...permutation(all.length, seed, 0)].slice(0, count).flatMap((row) => all[row] ?? []);
    const judge = await classifierJudge('classifier', folder, label);
    const started = performance.now();
    const verdicts = await judge.judge(
      pairs.map(({ prompt, chosen, rejected }, row) => ({
        promptId: String(row),
        prompt,
        first: chosen,
        second: rejected,
        ended: { first: true, second: true },
      })),
      new AbortController().signal,
    );
    const seconds = (performance.now() - started) / 1000;
    await judge.close();
    const shares = verdicts.map(({ share }) => share);
    const differences = pairs.map(({ chosen, rejected }) => chosen.length - rejected.length);
    const shorter = differences.map((difference) => (1 - Math.sign(difference)) / 2);
    const gains = shares.map((share, row) => share - (shorter[row] ?? 0));
    const controlled = lengthControlledWinRate(shares, differences);
    const apart = verdicts.map(({ firstScore, secondScore }) =>
      Math.abs((firstScore ?? 0) - (secondScore ?? 0)),
    );
    const surest = [...apart.keys()]
      .toSorted((a, b) => (apart[b] ?? 0) - (apart[a] ?? 0))
      .slice(0, Math.ceil(apart.length / 4));
    const figures = {
      pairsOfFile: all.length,
      judge: accuracy(shares),
      shorterResponse: accuracy(shorter),
      longerResponse: accuracy(shorter.map((share) => 1 - share)),
      judgeOverShorter: { mean: mean(gains), interval: bootstrapMean(gains, { seed }) },
      lengthControlled: { rate: controlled.lengthControlledRate, interval: controlled.interval },
      // The quarter of the pairs whose two scores lie furthest apart.
      surestQuarter: {
        judge: accuracy(surest.map((row) => shares[row] ?? Number.NaN)),
        shorterResponse: accuracy(surest.map((row) => shorter[row] ?? Number.NaN)),
      },
      meanScore: {
        chosen: mean(verdicts.map(({ firstScore }) => firstScore ?? Number.NaN)),
        rejected: mean(verdicts.map(({ secondScore }) => secondScore ?? Number.NaN)),
      },
      responsesPerSecond: (2 * pairs.length) / seconds,
      together: await together(
        folder,
        label,
        pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]).slice(0, ALSO_TOGETHER),
      ),
      machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    };
    console.log(JSON.stringify(figures, null, json ? 0 : 2));
  });

const labels = z.array(z.array(z.object({ label: z.string(), score: z.number() })));

/** The same texts one a run and several a run, of like length: the times, and by how much a score differs. */
async function together(folder: string, label: string, texts: readonly string[]) {
  const classify = await pipeline('text-classification', localModel(folder), { ...LOCAL, dtype: 'fp32' });
  const ordered = texts.toSorted((a, b) => a.length - b.length);
  const read = async (size: number) => {
    const started = performance.now();
    const scores: number[] = [];
    for (let start = 0; start < ordered.length; start += size) {
      const found = labels.parse(await classify(ordered.slice(start, start + size), { top_k: null }));
      scores.push(...found.map((one) => one.find((own) => own.label === label)?.score ?? Number.NaN));
    }
    return { scores, seconds: (performance.now() - started) / 1000 };
  };
  await read(TOGETHER);
  const [alone, batches] = [await read(1), await read(TOGETHER)];
  await classify.dispose();
  const differences = alone.scores.map((score, row) => Math.abs(score - (batches.scores[row] ?? Number.NaN)));
  return {
    texts: texts.length,
    secondsAlone: alone.seconds,
    secondsInBatches: batches.seconds,
    meanDifference: mean(differences),
    largestDifference: Math.max(...differences),
  };
}
