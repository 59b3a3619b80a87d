/** Reads labelled texts, has the engine make a classifier of them, and says what it is worth. */
import { createHash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { formatOfName } from '../../../shared/prompts/file-rows.ts';
import { fillNewFolder, requireNewFolder } from '../../fill-new-folder.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import { readUserBytes } from '../../read-user-file.ts';
import { leftOutInWords, readLabelledTexts } from './labelled-texts.ts';
import { formatCard, formatFigures, type Measured } from './measured.ts';

interface Options {
  readonly encoder: string;
  readonly texts: string;
  readonly text: string;
  readonly positive: readonly string[];
  readonly labels: readonly [string, string];
  readonly out: string;
  readonly seed: number;
  readonly json: boolean;
}

/** @throws UsageError, UserError naming what cannot be used; nothing is written then */
export async function runClassifier(options: Options, signal: AbortSignal): Promise<void> {
  const { text, positive, labels, seed } = options;
  const out = resolve(options.out);
  await requireNewFolder(out);
  await requireFolder(options.encoder);
  const named = `--texts ${options.texts}`;
  const bytes = await readUserBytes(named, options.texts);
  const { texts, leftOut } = await readLabelledTexts(named, bytes, formatOfName(options.texts), {
    text,
    positive,
  });
  const reasons = leftOutInWords(leftOut);
  console.error(`${texts.length} texts${reasons === '' ? '' : `; left out: ${reasons}`}`);
  let measured: Measured | undefined;
  await fillNewFolder(out, async (folder) => {
    const encoder = resolve(options.encoder);
    const question = { encoder, folder, texts: [...texts], labels: [...labels] as [string, string], seed };
    const report = await askEngine('make-classifier', question, signal);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = basename(options.texts);
    measured = {
      labels,
      seed,
      texts: { file, sha256, text, positive, used: texts.length, leftOut },
      ...report,
    };
    await writeFile(join(folder, 'measured.json'), `${JSON.stringify(measured, null, 2)}\n`);
    await writeFile(join(folder, 'README.md'), formatCard(measured));
  });
  if (measured === undefined) return;
  console.log(options.json ? JSON.stringify(measured) : [...formatFigures(measured), out].join('\n'));
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new UsageError(
    `--encoder ${folder} is no folder: name one with config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx`,
  );
}
