/** What the pairs are judged by: the principle of the experiment, in its own words. */
import { useQuery } from '@tanstack/solid-query';
import { useSession } from '../../app/session.ts';
import { Loaded } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';

export function AskedPrinciple(props: { readonly experimentId: string }) {
  const { client } = useSession();
  const asked = useQuery(() => ({
    queryKey: ['principle-of', props.experimentId],
    queryFn: async ({ signal }) => {
      const parameters = { experimentId: props.experimentId };
      const { principle } = await client.getExperiment({ parameters }, { signal });
      const version = { principleName: principle.name, principleVersion: String(principle.version) };
      return await client.getPrincipleVersion({ parameters: version }, { signal });
    },
  }));
  return (
    <Loaded query={asked} what="the principle">
      {(version) => (
        <section class="panel stack close" aria-label="What to judge by">
          <h2>Which answer is nearer to this?</h2>
          <ModelText text={version().definition.description.trim()} />
        </section>
      )}
    </Loaded>
  );
}
