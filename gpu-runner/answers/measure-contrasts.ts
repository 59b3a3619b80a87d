/** Measures contrasts of prompts on one model, one after another. */
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { measureContrast } from '../algorithms/contrast/measure-contrast.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { inForm } from '../tasks/in-form.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';
import { progressTeller } from './told-progress.ts';

/** @throws PlacementError, AlgorithmInputError, ModelFileError as the engine does */
export async function measureContrasts(
  question: QuestionOf<'measure-contrasts'>,
): Promise<AnswerOf<'measure-contrasts'>> {
  const { source, cache, contrasts, sampling, prompts, seed } = question;
  const model = await onDevice(await openBaseModel(source, cache), 'cpu', cache);
  const rows = prompts.map((text, row) => ({ id: String(row + 1), text, row }));
  const { signal } = new AbortController();
  const measured: AnswerOf<'measure-contrasts'> = [];
  const tell = progressTeller();
  for (const [index, contrast] of contrasts.entries()) {
    const pair = contrasts.length === 1 ? '' : `pair ${index + 1} of ${contrasts.length}: `;
    measured.push(
      await measureContrast(
        await inForm(model, contrast.promptForm),
        { contrast, sampling, prompts: rows, seed },
        {
          signal,
          progress: (done, total, unit, message) =>
            tell((index + done / total) / contrasts.length, `${pair}${message ?? unit}`),
        },
      ),
    );
  }
  return measured;
}
