/** Chooses one of the newest experiments, or one that was asked for by its address. */
import { useQuery } from '@tanstack/solid-query';
import { createMemo, For } from 'solid-js';
import { useSession } from '../app/session.ts';
import type { Experiment } from '../app/types.ts';
import { distinctNames } from '../text/distinct-names.ts';

const SHOWN = 200;

interface ExperimentPickerProps {
  readonly value: string | undefined;
  readonly onChoose: (id: string) => void;
  /** What choosing one means; "Experiment" unless given. */
  readonly label?: string;
  /** Which may be chosen; all unless given. */
  readonly only?: (experiment: Experiment) => boolean;
}

/** The newest experiments, shared by every page that lets one choose. */
export function useNewestExperiments() {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['experiments', 'newest'],
    staleTime: 10_000,
    queryFn: async () => (await client.listExperiments({ query: { limit: SHOWN } })).items,
  }));
}

export function ExperimentPicker(props: ExperimentPickerProps) {
  const newest = useNewestExperiments();
  const choices = createMemo(() => {
    const found = newest.isSuccess ? newest.data : [];
    const names = distinctNames(found);
    return found
      .map((item, index) => ({ item, name: names[index] ?? '' }))
      .filter(({ item }) => props.only?.(item) ?? true);
  });
  return (
    <label class="field grow">
      <span>{props.label ?? 'Experiment'}</span>
      <select value={props.value ?? ''} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <option value="" disabled>
          {newest.isPending ? 'Reading…' : 'Choose one'}
        </option>
        <For each={choices()}>
          {({ item, name }) => (
            <option value={item.id} selected={item.id === props.value}>
              {name}
            </option>
          )}
        </For>
      </select>
    </label>
  );
}
