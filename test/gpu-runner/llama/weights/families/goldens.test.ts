/** Every family answers as transformers does: logits of made-up checkpoints, kept as fixtures. */
import { expect, test } from 'vitest';
import { openHuggingFaceFolder } from '../../../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { convertOpened } from '../convert-opened.ts';
import { logitsAt } from './all-logits.ts';
import { goldenLogits, goldenNames, readGolden, writeGoldenCheckpoint } from './golden.ts';

const LIMIT = 1e-3;

test.for(goldenNames)('%s: fp32 logits of 13 positions up to the 64th', async (name) => {
  const golden = readGolden(name);
  const base = await convertOpened(await openHuggingFaceFolder(writeGoldenCheckpoint(golden)), 'fp32');
  const found = await logitsAt(base, golden.tokens, golden.positions);
  const expected = goldenLogits(golden);
  const worst = Math.max(
    ...expected.flatMap((row, place) =>
      Array.from(row, (value, token) => Math.abs(value - (found[place]?.[token] ?? Number.NaN))),
    ),
  );
  expect(expected).toHaveLength(13);
  expect(worst).toBeLessThan(LIMIT);
});
