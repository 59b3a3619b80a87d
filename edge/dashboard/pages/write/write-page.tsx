/** A principle in words and affixes: a new one, or the next version of one that is there. */
import { A, useParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { PrincipleForm } from './principle-form.tsx';

export default function WritePage() {
  const parameters = useParams<{ principleName?: string }>();
  return (
    <div class="stack">
      <p class="small">
        <A href="/principles">Principles</A>
      </p>
      <Show
        when={parameters.principleName}
        keyed
        fallback={
          <>
            <PageHeading text="New principle" />
            <PrincipleForm />
          </>
        }
      >
        {(name) => <NextVersion name={name} />}
      </Show>
    </div>
  );
}

function NextVersion(props: { readonly name: string }) {
  const { client } = useSession();
  const versions = useQuery(() => ({
    queryKey: ['principles', props.name, 'newest'],
    queryFn: async ({ signal }) => {
      const parameters = { principleName: props.name };
      return (await client.listPrincipleVersions({ parameters, query: { limit: 1 } }, { signal })).items;
    },
  }));
  return (
    <>
      <PageHeading text={`New version of ${props.name}`} />
      <Loaded query={versions} what="its newest version">
        {(items) => (
          <Show
            when={items()[0]}
            keyed
            fallback={
              <Empty title="No such principle">
                <p>
                  <A href="/write">Write it</A> as a new one.
                </p>
              </Empty>
            }
          >
            {(newest) => <PrincipleForm newest={newest} />}
          </Show>
        )}
      </Loaded>
    </>
  );
}
