/** What each judge is worth, on pairs that people judged. */
import { For, Show } from 'solid-js';
import { examineResult } from '../../../../shared/api/tasks/examine.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { RateRange } from '../../components/win-rate.tsx';
import { figure, percent, percentRange } from '../../text/format.ts';

export function Exams(props: { readonly experiment: ExperimentDetail }) {
  const exams = () => {
    const parsed = examineResult.safeParse(props.experiment.results['examine']?.[0]);
    return parsed.success ? parsed.data.exams : [];
  };
  return (
    <Show when={exams().length > 0}>
      <div class="panel flush scroll" tabindex="0" role="region" aria-label="What each judge is worth">
        <table>
          <caption>
            How often each judge prefers what people preferred, on pairs that no training has seen; a coin
            reaches 50 %.
          </caption>
          <thead>
            <tr>
              <th scope="col">Judge</th>
              <th scope="col">Right</th>
              <th scope="col">The longer answer</th>
              <th scope="col">At equal length</th>
              <th scope="col">Brier, calibration error</th>
              <th scope="col">Leans to the first</th>
            </tr>
          </thead>
          <tbody>
            <For each={exams()}>
              {(exam) => (
                <tr>
                  <th scope="row">{exam.judge}</th>
                  <td>
                    <RateRange rate={exam.accuracy} interval={exam.interval} n={exam.n} />{' '}
                    {percent(exam.accuracy)}{' '}
                    <span class="small muted">
                      [{percentRange(exam.interval)}] of {exam.n}
                    </span>
                  </td>
                  <td>{percent(exam.lengthOnly.accuracy)}</td>
                  <td>{exam.atEqualLength ? percent(exam.atEqualLength.accuracy) : '–'}</td>
                  <td>
                    {exam.probabilities
                      ? `${figure(exam.probabilities.brier)}, ${figure(exam.probabilities.expectedCalibrationError)}`
                      : '–'}
                  </td>
                  <td>{exam.positionBias ? percent(exam.positionBias.bias) : '–'}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </Show>
  );
}
