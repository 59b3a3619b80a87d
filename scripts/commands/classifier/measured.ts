/** All that is known of a classifier when it is made, and how a person is told. */
import type { ClassifierReport } from '../../../shared/classifier/classifier-report.ts';
import type { Interval } from '../../../shared/statistics/interval.ts';
import { quoted } from '../../quoted.ts';
import type { LabelColumns, LabelledTexts } from './labelled-texts.ts';
import { leftOutInWords } from './labelled-texts.ts';

/** What stands in measured.json: no time and no path, so that equal work gives equal bytes. */
export interface Measured extends ClassifierReport {
  /** Of a text that is not positive, and of one that is. */
  readonly labels: readonly [string, string];
  readonly seed: number;
  /** The file of texts by its name and SHA-256, and what was taken of it. */
  readonly texts: LabelColumns & {
    readonly file: string;
    readonly sha256: string;
    readonly used: number;
    readonly leftOut: LabelledTexts['leftOut'];
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const inPercent = ({ lower, upper }: Interval): string =>
  `[${(100 * lower).toFixed(1)}, ${(100 * upper).toFixed(1)}]`;
const inNumbers = ({ lower, upper }: Interval): string => `[${lower.toFixed(3)}, ${upper.toFixed(3)}]`;

/** Lines of the held-out figures. */
export function formatFigures({ heldOut, fittedOn, texts, cutTexts, maximumTokens }: Measured): string[] {
  const { lengthAlone } = heldOut;
  const leftOut = leftOutInWords(texts.leftOut);
  return [
    `${texts.used} texts${leftOut === '' ? '' : ` (left out: ${leftOut})`}; ${cutTexts} longer than ${maximumTokens} tokens are read to there`,
    `fitted on ${fittedOn.n} (${percent(fittedOn.positiveShare)} positive), held out ${heldOut.n} (${percent(heldOut.positiveShare)})`,
    `accuracy ${percent(heldOut.accuracy)} ${inPercent(heldOut.accuracyInterval)}; the commoner label ${percent(heldOut.commonerLabelAccuracy)}, length alone ${percent(lengthAlone.accuracy)}`,
    `area under the curve ${heldOut.areaUnderCurve.toFixed(3)} ${inNumbers(heldOut.areaUnderCurveInterval)}; length alone ${lengthAlone.areaUnderCurve.toFixed(3)}`,
    `Brier score ${heldOut.brierScore.toFixed(3)}, expected calibration error ${heldOut.expectedCalibrationError.toFixed(3)}`,
  ];
}

/** The folder's README: what it is, of what, how it does, and how to use it. */
export function formatCard(measured: Measured): string {
  const { labels, texts, encoder, seed, penalty, files } = measured;
  const command = [
    'npx rlcd classifier --encoder FOLDER',
    ...['--texts', texts.file, '--text', texts.text, '--positive', texts.positive.join(',')].map(quoted),
    ...['--labels', labels.join(','), '--seed', String(seed)].map(quoted),
    '--out FOLDER',
  ].join(' ');
  const fileRows = (of: string, listed: ClassifierReport['files']): string[] =>
    listed.map(({ name, bytes, sha256 }) => `| ${name} | ${of} | ${bytes} | \`${sha256}\` |`);
  const rows = [...fileRows('the encoder', encoder.files), ...fileRows('this folder', files)];
  return `# ${labels[1]} or ${labels[0]}

A text classifier: logistic regression on the embeddings of a frozen sentence encoder (mean of the last hidden states, length 1), L2 penalty ${penalty} by cross-validation, probabilities calibrated by Platt's method; all texts weigh alike. A text is "${labels[1]}" where any of these columns was 1: ${texts.positive.join(', ')}. The held-out fifth of the texts was used for nothing but the figures:

${formatFigures(measured)
  .map((line) => `- ${line}`)
  .join('\n')}

All figures stand in measured.json. The encoder's weights are in onnx/model.onnx: its licence holds for it.

As a judge of rlcd, the likelier "${labels[0]}" the better:

\`\`\`json
${JSON.stringify({ kind: 'classifier', folder: '/path/of/this/folder', label: labels[0] })}
\`\`\`

In JavaScript: \`pipeline('text-classification', folder, { dtype: 'fp32' })\` of @huggingface/transformers.

Made by

\`\`\`sh
${command}
\`\`\`

of ${texts.file} (SHA-256 \`${texts.sha256}\`) and

| file | of | bytes | SHA-256 |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
