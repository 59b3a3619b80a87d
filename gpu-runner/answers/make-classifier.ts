/** Makes a text classifier of a frozen sentence encoder and labelled texts, in a folder that is there and empty. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { logOdds, type LogisticModel } from '../../shared/statistics/logistic-regression.ts';
import { sigmoid } from '../../shared/statistics/sigmoid.ts';
import { UserError } from '../../shared/user-error.ts';
import { dealtParts } from '../algorithms/classifier/dealt-parts.ts';
import { fitClassifier } from '../algorithms/classifier/fit-classifier.ts';
import { heldOutFigures } from '../algorithms/classifier/held-out-figures.ts';
import { openClassifier } from '../tasks/judges/open-classifier.ts';
import { classifierFiles } from './classifier/classifier-files.ts';
import { describedFile, readEncoder, type EncoderFiles } from './classifier/encoder-folder.ts';
import { openEmbedder } from './classifier/text-embedder.ts';
import { progressTeller } from './told-progress.ts';

/** A fifth is held out. */
const PARTS = 5;
/** Held-out texts on which the written folder must agree with the fit, and how closely. */
const CHECKED = 64;
const LARGEST_DIFFERENCE = 1e-5;

/** @throws ModelFileError for an encoder that is none; AlgorithmInputError where it says nothing of the labels */
export async function makeClassifier(
  question: QuestionOf<'make-classifier'>,
): Promise<AnswerOf<'make-classifier'>> {
  const { texts, labels, seed, folder } = question;
  const encoder = await readEncoder(question.encoder);
  const { vectors, cutTexts } = await embedded(
    encoder,
    texts.map(({ text }) => text),
  );
  const outcomes = texts.map(({ positive }) => Number(positive));
  const part = dealtParts(outcomes, PARTS, seed, 'classifier-held-out');
  const rows = texts.map(({ text }, row) => ({
    text,
    vector: vectors[row] ?? new Float64Array(),
    outcome: outcomes[row] ?? 0,
    isHeldOut: part[row] === 0,
  }));
  const heldOut = rows.filter(({ isHeldOut }) => isHeldOut);
  const train = rows.filter(({ isHeldOut }) => !isHeldOut);
  const tell = progressTeller();
  const fit = fitClassifier(
    train.map(({ vector }) => vector),
    train.map(({ outcome }) => outcome),
    seed,
    (done, total) => tell(done / total, `${done} of ${total} fits`),
  );
  const files = classifierFiles(encoder, fit.model, labels);
  await mkdir(path.join(folder, 'onnx'));
  for (const { name, bytes } of files) await writeFile(path.join(folder, name), bytes, { flag: 'wx' });
  const probability = probabilityOf(fit.model);
  return {
    encoder: { files: encoder.files.map(describedFile), width: fit.model.weights.length },
    maximumTokens: encoder.maximumTokens,
    cutTexts,
    fittedOn: { n: train.length, positiveShare: shareOf(train) },
    penalty: fit.penalty,
    crossValidation: [...fit.crossValidation],
    calibration: fit.calibration,
    heldOut: heldOutFigures(
      heldOut.map(({ vector }) => probability(vector)),
      lengthsOf(heldOut),
      lengthsOf(train),
      seed,
    ),
    check: await checkedFolder(folder, labels[1], heldOut.slice(0, CHECKED), probability),
    files: files.map(describedFile),
  };
}

async function embedded(
  encoder: EncoderFiles,
  texts: readonly string[],
): Promise<{ readonly vectors: readonly Float64Array[]; readonly cutTexts: number }> {
  const embedder = await openEmbedder(encoder);
  const tell = progressTeller();
  const vectors: Float64Array[] = [];
  let cutTexts = 0;
  try {
    for (const text of texts) {
      const { vector, isCut } = await embedder.embed(text);
      vectors.push(vector);
      if (isCut) cutTexts++;
      tell(vectors.length / texts.length, `${vectors.length} of ${texts.length} texts read`);
    }
  } finally {
    await embedder.close();
  }
  return { vectors, cutTexts };
}

const probabilityOf =
  (model: LogisticModel) =>
  (vector: Float64Array): number =>
    sigmoid(logOdds(model, vector));

interface LabelledText {
  readonly text: string;
  readonly vector: Float64Array;
  readonly outcome: number;
}

const shareOf = (rows: readonly LabelledText[]): number =>
  rows.reduce((sum, { outcome }) => sum + outcome, 0) / rows.length;

const lengthsOf = (rows: readonly LabelledText[]) => ({
  lengths: rows.map(({ text }) => text.length),
  outcomes: rows.map(({ outcome }) => outcome),
});

/** Opens the folder as the judge does. @throws UserError where it gives other probabilities than the fit */
async function checkedFolder(
  folder: string,
  label: string,
  rows: readonly LabelledText[],
  probability: (vector: Float64Array) => number,
): Promise<AnswerOf<'make-classifier'>['check']> {
  const classifier = await openClassifier(folder);
  let largestDifference = 0;
  try {
    for (const { text, vector } of rows) {
      const own = (await classifier.classify(text)).find((one) => one.label === label);
      const difference = Math.abs((own?.score ?? Number.NaN) - probability(vector));
      if (!(difference <= largestDifference)) largestDifference = difference;
    }
  } finally {
    await classifier.close();
  }
  if (largestDifference <= LARGEST_DIFFERENCE) return { texts: rows.length, largestDifference };
  throw new UserError(
    `the classifier answers otherwise than it was fitted: a probability is off by ${largestDifference}`,
    { cure: 'Take another encoder, or an export of it for transformers.js' },
  );
}
