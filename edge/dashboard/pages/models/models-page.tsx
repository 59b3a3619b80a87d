/** Models: what experiments start from, and what may simulate for them; where each came from, and a new one. */
import { Show } from 'solid-js';
import { useBaseModels } from '../../app/lists.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { ModelsTable } from './models-table.tsx';
import { RegisterOpened } from './register-opened.tsx';
import { RegisterServed } from './register-served.tsx';

export default function ModelsPage() {
  const models = useBaseModels();
  return (
    <div class="stack">
      <PageHeading text="Models" />
      <details class="panel">
        <summary>Register a model that runners open</summary>
        <RegisterOpened />
      </details>
      <details class="panel">
        <summary>Register a model that is served elsewhere</summary>
        <RegisterServed />
      </details>
      <Loaded query={models} what="models">
        {(items) => (
          <Show
            when={items().length > 0}
            fallback={
              <Empty title="No model yet">
                <p>Register one that runners open; it is what experiments align.</p>
              </Empty>
            }
          >
            <ModelsTable models={items()} />
          </Show>
        )}
      </Loaded>
    </div>
  );
}
