/** One prompt set: how it was split and what was left out, its prompts, and its end. */
import { useNavigate } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { For } from 'solid-js';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import type { PromptSet } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { InUse, useUsers } from '../../components/in-use.tsx';
import { ago, count } from '../../text/format.ts';
import { PromptList } from './prompt-list.tsx';

/** What is counted, in words; what is zero is left out. */
function factsOf({ counts }: PromptSet): (readonly [string, number])[] {
  const { train, dev, test, unusable = {} } = counts;
  const others = [
    ['Left out by the rule', counts.leftOut],
    ['Same prompt again', counts.duplicates],
    ['In train and test', counts.trainTestOverlap],
    ['In train and dev', counts.trainDevOverlap],
    ['Without a pair', counts.unpaired],
    ...Object.entries(unusable).map(([reason, n]) => [`Of no use: ${reason}`, n] as const),
  ] as const;
  return [['train', train], ['dev', dev], ['test', test], ...others.filter(([, n]) => n > 0)];
}

export function PromptSetView(props: { readonly set: PromptSet }) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const users = useUsers(() => ({ promptSet: props.set.id }));
  return (
    <div class="stack">
      <div class="row apart">
        <h2>{props.set.name}</h2>
        <ConfirmButton
          word="Delete"
          what={props.set.name}
          onAsk={users.ask}
          obstacle={users.found().length > 0 ? <InUse by={users.found()} what="the prompts" /> : undefined}
          act={() => client.deletePromptSet({ parameters: { promptSetId: props.set.id } })}
          onDone={() => {
            void queryClient.invalidateQueries({ queryKey: ['prompt-sets'] });
            navigate('/prompts');
          }}
        >
          Its prompts are removed. A set that experiments use is refused.
        </ConfirmButton>
      </div>
      <dl class="facts small">
        <For each={factsOf(props.set)}>
          {([name, n]) => (
            <div>
              <dt>{name}</dt>
              <dd>{count(n)}</dd>
            </div>
          )}
        </For>
        <div>
          <dt>Uploaded</dt>
          <dd>{ago(props.set.createdAt, now())}</dd>
        </div>
      </dl>
      <PromptList promptSetId={props.set.id} />
    </div>
  );
}
