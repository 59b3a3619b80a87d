/** Which principle, and which of its versions. */
import { useQuery } from '@tanstack/solid-query';
import { useSession } from '../../app/session.ts';
import type { Principle } from '../../app/types.ts';
import { Select } from '../../form/controls.tsx';

const SHOWN = 200;

interface PrincipleFieldsProps {
  readonly principles: readonly Principle[];
  readonly name: string;
  readonly version: string;
  readonly onChange: (name: string, version: string) => void;
}

export function PrincipleFields(props: PrincipleFieldsProps) {
  const { client } = useSession();
  const versions = useQuery(() => ({
    queryKey: ['principles', props.name, 'versions'],
    queryFn: async () => {
      const parameters = { principleName: props.name };
      return (await client.listPrincipleVersions({ parameters, query: { limit: SHOWN } })).items;
    },
  }));
  const choices = () => {
    const found = (versions.isSuccess ? versions.data : []).map(
      ({ number, labels }) =>
        [String(number), [String(number), ...labels.map((label) => `(${label})`)].join(' ')] as const,
    );
    const isKnown = found.some(([number]) => number === props.version);
    return isKnown ? found : [[props.version, props.version] as const, ...found];
  };
  const latestOf = (name: string) =>
    String(props.principles.find((principle) => principle.name === name)?.latestVersion ?? '');
  return (
    <div class="row start">
      <Select
        label="Principle"
        at="#/principle"
        class="grow"
        value={props.name}
        choices={props.principles.map(({ name }) => [name, name] as const)}
        onInput={(name) => props.onChange(name, latestOf(name))}
      />
      <Select
        label="Version"
        at="#/principle/version"
        class="short"
        value={props.version}
        choices={choices()}
        onInput={(version) => props.onChange(props.name, version)}
      />
    </div>
  );
}
