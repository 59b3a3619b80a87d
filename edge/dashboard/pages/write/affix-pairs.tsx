/** The affix pairs of a draft: written, proposed from the description, taken out again. */
import { createEffect, createUniqueId, Index, on, Show } from 'solid-js';
import { affixWarning } from '../../../../shared/principles/affix-warnings.ts';
import {
  distinctPairs,
  pairsFromTemplates,
  prefixesFromTemplates,
} from '../../../../shared/principles/proposals.ts';
import { TextArea, TextField } from '../../form/controls.tsx';
import { NO_PAIR, type DraftPair } from './draft.ts';

interface AffixPairsProps {
  readonly description: string;
  readonly isDialogue: boolean;
  readonly pairs: readonly DraftPair[];
  readonly onChange: (pairs: readonly DraftPair[]) => void;
}

const isEmpty = ({ positive, negative }: DraftPair) => positive === '' && negative === '';

const isEqual = (one: DraftPair, other: DraftPair) =>
  one.positive === other.positive &&
  one.negative === other.negative &&
  one.scoringInstruction === other.scoringInstruction;

export function AffixPairs(props: AffixPairsProps) {
  const id = createUniqueId();
  const change = (at: number, part: Partial<DraftPair>) =>
    props.onChange(props.pairs.map((pair, index) => (index === at ? { ...pair, ...part } : pair)));
  const warningOf = (affix: string) => {
    const warning = affixWarning(props.isDialogue ? 'dialogue' : 'prefix', affix);
    return warning === undefined ? undefined : `It ${warning}`;
  };
  const templates = () => (props.isDialogue ? pairsFromTemplates : prefixesFromTemplates)(props.description);
  /** What was proposed last, as long as nobody has changed it. */
  let proposals: readonly DraftPair[] = [];
  const isOwn = (pair: DraftPair) => !proposals.some((proposed) => isEqual(proposed, pair));
  const propose = () => {
    const written = props.pairs.filter((pair) => !isEmpty(pair) && isOwn(pair));
    const known = new Set(written.map(({ positive }) => positive));
    const proposed = distinctPairs(templates())
      .filter(({ positive }) => !known.has(positive))
      .map(({ positive, negative }) => ({ positive, negative, scoringInstruction: '' }));
    proposals = proposed;
    props.onChange([...written, ...proposed]);
  };
  // What was proposed for dialogues runs into a text, and the other way round.
  createEffect(
    on(
      () => props.isDialogue,
      () => {
        if (props.description.trim() !== '' && !props.pairs.every(isOwn)) propose();
      },
      { defer: true },
    ),
  );
  return (
    <section class="stack close" aria-label="Affix pairs">
      <h2>Affix pairs</h2>
      <p class="small muted">
        Two texts that urge a prompt towards the principle and away from it; each prompt draws one pair. In
        the form prefix they stand in front of the prompt as they are, so each ends with a space or a new
        line. The question is for methods that label pairs (rlaif and those that rescore): an instruction in
        the form dialogue, an affirming text in the form prefix.
      </p>
      <Index each={props.pairs}>
        {(pair, index) => (
          <fieldset class="field panel stack close">
            <legend>Pair {index + 1}</legend>
            <div class="sides">
              <TextArea
                label="Towards"
                at={`#/affixPairs/${index}/positive`}
                rows={2}
                warning={warningOf(pair().positive)}
                value={pair().positive}
                onInput={(positive) => change(index, { positive })}
              />
              <TextArea
                label="Away"
                at={`#/affixPairs/${index}/negative`}
                rows={2}
                warning={warningOf(pair().negative)}
                value={pair().negative}
                onInput={(negative) => change(index, { negative })}
              />
            </div>
            <TextField
              label="Question, where a method asks one"
              at={`#/affixPairs/${index}/scoringInstruction`}
              value={pair().scoringInstruction}
              onInput={(scoringInstruction) => change(index, { scoringInstruction })}
            />
            <Show when={props.pairs.length > 1}>
              <span>
                <button
                  type="button"
                  class="button small"
                  onClick={() => props.onChange(props.pairs.filter((_, other) => other !== index))}
                >
                  Take out pair {index + 1}
                </button>
              </span>
            </Show>
          </fieldset>
        )}
      </Index>
      <div class="row">
        <button type="button" class="button" onClick={() => props.onChange([...props.pairs, NO_PAIR])}>
          Add a pair
        </button>
        <button
          type="button"
          class="button"
          disabled={props.description.trim() === ''}
          aria-describedby={id}
          onClick={propose}
        >
          Propose pairs from the description
        </button>
        <span class="tiny muted" id={id}>
          {props.description.trim() === '' ? 'Write the description first: pairs are proposed from it' : ''}
        </span>
      </div>
    </section>
  );
}
