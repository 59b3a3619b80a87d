/** What a look found: figures with their intervals, and the first answers of both sides. */
import { For } from 'solid-js';
import type { LookResult } from '../../../../../shared/api/tasks/look.ts';
import type { PrincipleForm } from '../../../../../shared/principles/principle.ts';
import { contrastRows, speedRow } from '../../../../../shared/planner/look-rows.ts';
import { fixed } from '../../../../../shared/report/figures.ts';
import { ModelText } from '../../../components/model-text.tsx';

interface LookFiguresProps {
  readonly result: LookResult;
  /** Tokens that an answer might have. */
  readonly longestAnswer: number;
  /** Of the principle. */
  readonly form: PrincipleForm;
}

const SIDES = [
  ['Towards', 'positive', 'good'],
  ['Away', 'negative', 'bad'],
] as const;

export function LookFigures(props: LookFiguresProps) {
  const rows = () => {
    const { contrast, training } = props.result;
    const { lengthGap, rates } = contrast;
    const longer = lengthGap < 0 ? 'away from' : 'towards';
    return [
      ...contrastRows(contrast, props.longestAnswer, props.form),
      ['length gap', `${fixed(Math.abs(lengthGap), 1)} tokens more ${longer} the principle`] as const,
      speedRow({ ...rates, ...training }),
    ];
  };
  return (
    <>
      <dl class="parameters">
        <For each={rows()}>
          {([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )}
        </For>
      </dl>
      <details>
        <summary class="small">Answers side by side</summary>
        <ol class="stack close">
          <For each={props.result.contrast.examples}>
            {(example) => (
              <li class="stack close">
                <ModelText text={example.prompt.trim()} class="prompt" />
                <div class="sides">
                  <For each={SIDES}>
                    {([title, side, tone]) => (
                      <div class={`side ${tone}`}>
                        <h3>
                          {title}
                          {example[side].accepted ? '' : ' (refused by the filter)'}
                        </h3>
                        <ModelText text={example[side].text.trim()} />
                      </div>
                    )}
                  </For>
                </div>
              </li>
            )}
          </For>
        </ol>
      </details>
    </>
  );
}
