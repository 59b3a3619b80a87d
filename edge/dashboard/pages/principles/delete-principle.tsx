/** Buttons that delete a principle, or one of its versions where it has more. */
import { useNavigate } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { PrincipleVersion } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { InUse, useUsers } from '../../components/in-use.tsx';

interface DeletePrincipleProps {
  readonly name: string;
  readonly versions: readonly PrincipleVersion[];
  readonly shown: number;
}

const ALL = ['principles'];

export function DeletePrinciple(props: DeletePrincipleProps) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const principle = () => ({ principleName: props.name });
  const users = useUsers(() => ({ principle: props.name }));
  const leave = async () => {
    const { name } = props;
    // The list first: a page without a name shows the first of it.
    await queryClient.invalidateQueries({ queryKey: ALL, exact: true });
    navigate('/principles');
    queryClient.removeQueries({ queryKey: [...ALL, name] });
  };
  return (
    <>
      <Show when={props.versions.length > 1}>
        <ConfirmButton
          word="Delete version"
          what={String(props.shown)}
          act={() => {
            const parameters = { ...principle(), principleVersion: String(props.shown) };
            return client.deletePrincipleVersion({ parameters });
          }}
          onDone={() => void queryClient.invalidateQueries({ queryKey: ALL })}
        >
          The other versions stay. A version that experiments, scorers or labels use is refused.
        </ConfirmButton>
      </Show>
      <ConfirmButton
        word="Delete principle"
        what={props.name}
        onAsk={users.ask}
        obstacle={users.found().length > 0 ? <InUse by={users.found()} what="the principle" /> : undefined}
        act={() => client.deletePrinciple({ parameters: principle() })}
        onDone={() => void leave()}
      >
        All its versions and labels are removed. A principle that experiments or scorers use is refused.
      </ConfirmButton>
    </>
  );
}
