/** The pair that is to be judged, the five keys, and how far one is. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import { For, onCleanup, onMount, Show } from 'solid-js';
import type { Client } from '../../../../shared/api/client.ts';
import { readComparisons } from '../../app/read-comparisons.ts';
import { useSession } from '../../app/session.ts';
import { Empty, Loaded, Problem } from '../../components/feedback.tsx';
import { Meter } from '../../components/meter.tsx';
import { ModelText } from '../../components/model-text.tsx';
import { OwnLabels } from './own-labels.tsx';

const CHOICES = [
  { key: 'a', label: 'a', text: 'A is better' },
  { key: 'b', label: 'b', text: 'B is better' },
  { key: 't', label: 'tie', text: 'Tie' },
  { key: 's', label: 'skip', text: 'Skip' },
] as const;
type Label = (typeof CHOICES)[number]['label'];

type Progress = Awaited<ReturnType<Client['getNextBlindPair']>>;

const UNDO_KEY = 'u';

/** All pairs of the experiment, whatever was said of them. */
const total = ({ labelled, skipped, remaining }: Progress) => labelled + skipped + remaining;

/** Whether somebody types text: then letters are letters. */
function isTyping({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest('input, select, textarea') !== null;
}

interface LabellingProps {
  readonly experimentId: string;
  /** Said where there never was a pair. */
  readonly nothing: string;
}

export function Labelling(props: LabellingProps) {
  const { client, own } = useSession();
  const queryClient = useQueryClient();
  const keyOf = (part: string) => ['experiment', props.experimentId, 'labels', part];
  const parameters = () => ({ experimentId: props.experimentId });
  const next = useQuery(() => ({
    queryKey: keyOf('next'),
    queryFn: () => client.getNextBlindPair({ parameters: parameters() }),
  }));
  const readMine = (signal: AbortSignal) =>
    readComparisons(client, props.experimentId, { source: 'human', judge: own.id }, signal);
  const mine = useQuery(() => ({
    queryKey: keyOf('own'),
    queryFn: ({ signal }) => readMine(signal),
  }));
  const machine = useQuery(() => ({
    queryKey: ['experiment', props.experimentId, 'machine-comparisons'],
    queryFn: ({ signal }) => readComparisons(client, props.experimentId, { source: 'machine' }, signal),
  }));
  // Keys count again as soon as the next pair is there; how one has labelled so far comes when it comes.
  const refresh = async () => {
    void queryClient.invalidateQueries({ queryKey: keyOf('own') });
    await queryClient.invalidateQueries({ queryKey: keyOf('next') });
  };
  const act = useMutation(() => ({
    mutationFn: async (choice: Label | 'undo') => {
      if (choice !== 'undo') {
        const candidateId = next.data?.pair?.candidateId;
        if (candidateId !== undefined) await client.labelBlindPair({ body: { candidateId, label: choice } });
      } else {
        const labels = await readMine(new AbortController().signal);
        const [last] = labels.toSorted((one, other) => other.createdAt - one.createdAt);
        if (last) await client.undoComparison({ parameters: { comparisonId: last.id } });
      }
    },
    onSettled: refresh,
  }));
  const choose = (choice: Label | 'undo') => {
    if (!act.isPending) act.mutate(choice);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event)) return;
    const key = event.key.toLowerCase();
    const choice = key === UNDO_KEY ? 'undo' : CHOICES.find((candidate) => candidate.key === key)?.label;
    if (choice === undefined) return;
    event.preventDefault();
    choose(choice);
  };
  onMount(() => document.addEventListener('keydown', onKey));
  onCleanup(() => document.removeEventListener('keydown', onKey));

  return (
    <Loaded query={next} what="the next pair">
      {(answer) => (
        <div class="stack">
          <div class="stack close">
            <p class="small" role="status">
              {answer().labelled} labelled, {answer().skipped > 0 ? `${answer().skipped} skipped, ` : ''}
              {answer().remaining} to go
            </p>
            <Meter share={answer().labelled / Math.max(1, total(answer()))} label="Labelled" />
          </div>
          <Show when={act.isError}>
            <Problem error={act.error} />
          </Show>
          <Show
            when={answer().pair}
            fallback={
              <Empty title={total(answer()) > 0 ? 'No pair is left' : 'There is no pair to label yet'}>
                {total(answer()) > 0
                  ? 'Thank you. Undo takes the last label back, or the last pair that was skipped.'
                  : props.nothing}
              </Empty>
            }
          >
            {(pair) => (
              <article class="stack close" aria-label="Pair to judge">
                <ModelText text={pair().prompt.trim()} class="prompt" />
                <div class="columns">
                  <section class="panel stack close">
                    <h2>A</h2>
                    <ModelText text={pair().a.trim()} />
                  </section>
                  <section class="panel stack close">
                    <h2>B</h2>
                    <ModelText text={pair().b.trim()} />
                  </section>
                </div>
              </article>
            )}
          </Show>
          <div class="row reach" role="group" aria-label="Your verdict">
            <For each={CHOICES}>
              {({ key, label, text }) => (
                <button
                  type="button"
                  class="button big"
                  disabled={answer().pair === null}
                  aria-keyshortcuts={key.toUpperCase()}
                  onClick={() => choose(label)}
                >
                  <kbd>{key.toUpperCase()}</kbd> {text}
                </button>
              )}
            </For>
            <button
              type="button"
              class="button quiet big"
              disabled={answer().labelled + answer().skipped === 0}
              aria-keyshortcuts={UNDO_KEY.toUpperCase()}
              onClick={() => choose('undo')}
            >
              <kbd>U</kbd> Undo
            </button>
          </div>
          <Show when={mine.isSuccess && machine.isSuccess && (mine.data?.length ?? 0) > 0}>
            <section class="panel">
              <h2>Your labels so far</h2>
              <OwnLabels own={mine.data ?? []} machine={machine.data ?? []} />
            </section>
          </Show>
        </div>
      )}
    </Loaded>
  );
}
