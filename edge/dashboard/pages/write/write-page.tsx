/** A principle in words and affixes: a new one, or the next version of one that is there. */
import { A, useParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { Show, type ParentProps } from 'solid-js';
import { useSession } from '../../app/session.ts';
import { Loaded } from '../../components/feedback.tsx';
import { isMissing, Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { PrincipleForm } from './principle-form.tsx';

export default function WritePage() {
  const parameters = useParams<{ principleName?: string }>();
  return (
    <Show
      when={parameters.principleName}
      keyed
      fallback={
        <Writing title="New principle">
          <PrincipleForm />
        </Writing>
      }
    >
      {(name) => <NextVersion name={name} />}
    </Show>
  );
}

function Writing(props: ParentProps<{ readonly title: string }>) {
  return (
    <div class="stack">
      <p class="small">
        <A href="/principles">Principles</A>
      </p>
      <PageHeading text={props.title} />
      {props.children}
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
    <Show
      when={!isMissing(versions.error)}
      fallback={<Missing what="principle" href="/principles" all="All principles" />}
    >
      <Writing title={`New version of ${props.name}`}>
        <Loaded query={versions} what="its newest version">
          {(items) => (
            <Show when={items()[0]} keyed>
              {(newest) => <PrincipleForm newest={newest} />}
            </Show>
          )}
        </Loaded>
      </Writing>
    </Show>
  );
}
