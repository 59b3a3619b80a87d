/** The base models, the newest first: family, size, and where each came from. */
import { A } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { For } from 'solid-js';
import { baseFactsForm } from '../../../../shared/export/base-facts.ts';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import type { BaseModel } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { InUse, useUsers } from '../../components/in-use.tsx';
import { ago, count, dateTime } from '../../text/format.ts';

/** What a model is of, and where it came from, as far as its registration says it. */
function factsOf({ served, source, configuration }: BaseModel) {
  if (served) return { family: `served, ${served.protocol}`, location: `${served.url} ${served.model}` };
  const { data } = baseFactsForm.partial().safeParse(configuration);
  return {
    family: data?.modelType ?? data?.ggufArchitecture ?? 'not said',
    location: data?.location ?? source,
  };
}

/** `135M`, `1.1B`, as models are named. */
function sizeOf({ parameterCount }: BaseModel): string {
  if (parameterCount === 0) return '–';
  if (parameterCount >= 1e9) return `${(parameterCount / 1e9).toFixed(1)}B`;
  return parameterCount >= 1e6 ? `${Math.round(parameterCount / 1e6)}M` : count(parameterCount);
}

export function ModelsTable(props: { readonly models: readonly BaseModel[] }) {
  return (
    <div class="panel flush scroll" tabindex="0" role="region" aria-label="Models">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Family</th>
            <th scope="col" class="number">
              Parameters
            </th>
            <th scope="col" class="number">
              Context
            </th>
            <th scope="col">From</th>
            <th scope="col">Registered</th>
            <th scope="col">
              <span class="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.models}>{(model) => <ModelRow model={model} />}</For>
        </tbody>
      </table>
    </div>
  );
}

function ModelRow(props: { readonly model: BaseModel }) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const facts = () => factsOf(props.model);
  const users = useUsers(() => ({ baseModel: props.model.id }));
  return (
    <tr>
      <th scope="row">{props.model.name}</th>
      <td data-label="Family">{facts().family}</td>
      <td data-label="Parameters" class="number" title={count(props.model.parameterCount)}>
        {sizeOf(props.model)}
      </td>
      <td data-label="Context" class="number">
        {count(props.model.contextLength)}
      </td>
      <td data-label="From" class="anywhere">
        {facts().location}
      </td>
      <td data-label="Registered" class="nowrap" title={dateTime(props.model.createdAt)}>
        {ago(props.model.createdAt, now())}
      </td>
      <td class="number">
        <span class="row">
          <A
            class="button small"
            href={`/experiments?text=${encodeURIComponent(props.model.name)}`}
            aria-label={`Experiments with ${props.model.name}`}
          >
            Experiments
          </A>
          <ConfirmButton
            small
            word="Delete"
            what={props.model.name}
            onAsk={users.ask}
            obstacle={users.found().length > 0 ? <InUse by={users.found()} what="the model" /> : undefined}
            act={() => client.deleteBaseModel({ parameters: { baseModelId: props.model.id } })}
            onDone={() => void queryClient.invalidateQueries({ queryKey: ['base-models'] })}
          >
            Its registration is removed; its files stay. A model that experiments use is refused.
          </ConfirmButton>
        </span>
      </td>
    </tr>
  );
}
