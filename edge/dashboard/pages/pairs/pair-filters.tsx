/** The filters of the pairs, kept in the address. */
import { useSearchParams } from '@solidjs/router';
import { createMemo, For } from 'solid-js';

const NUMBERS = [
  { id: 'minimumProbability', label: 'Label from', step: '0.05' },
  { id: 'maximumProbability', label: 'to', step: '0.05' },
  { id: 'minimumLengthGap', label: 'Length gap from', step: '1' },
  { id: 'maximumLengthGap', label: 'to', step: '1' },
  { id: 'affixPair', label: 'Affix pair', step: '1' },
] as const;

export type PairQuery = { [Id in (typeof NUMBERS)[number]['id']]?: number } & {
  stage?: 'simulate' | 'label';
  promptId?: string;
};

/** The filters as the API takes them. */
export function usePairQuery() {
  const [parameters, setParameters] = useSearchParams<Record<string, string>>();
  const query = createMemo((): PairQuery => {
    const found: PairQuery = {};
    for (const { id } of NUMBERS) {
      const text = parameters[id];
      if (text !== undefined && text !== '' && Number.isFinite(Number(text))) found[id] = Number(text);
    }
    if (parameters['stage'] === 'simulate' || parameters['stage'] === 'label')
      found.stage = parameters['stage'];
    if (parameters['promptId']) found.promptId = parameters['promptId'];
    return found;
  });
  const set = (id: string, value: string) => setParameters({ [id]: value }, { replace: true });
  return { query, set };
}

interface PairFiltersProps {
  readonly query: PairQuery;
  readonly onChange: (id: string, value: string) => void;
}

export function PairFilters(props: PairFiltersProps) {
  return (
    <>
      <label class="field">
        <span>Stage</span>
        <select
          value={props.query.stage ?? ''}
          onChange={(event) => props.onChange('stage', event.currentTarget.value)}
        >
          <option value="">as trained on</option>
          <option value="simulate">as sampled</option>
          <option value="label">as labelled</option>
        </select>
      </label>
      <For each={NUMBERS}>
        {({ id, label, step }) => (
          <label class="field">
            <span>{label}</span>
            <input
              type="number"
              step={step}
              value={props.query[id] ?? ''}
              aria-label={label === 'to' ? `${id.includes('Length') ? 'Length gap' : 'Label'} to` : label}
              onChange={(event) => props.onChange(id, event.currentTarget.value)}
            />
          </label>
        )}
      </For>
      <label class="field">
        <span>Prompt id</span>
        <input
          type="text"
          size="8"
          value={props.query.promptId ?? ''}
          onChange={(event) => props.onChange('promptId', event.currentTarget.value.trim())}
        />
      </label>
    </>
  );
}
