/** Registers a model that a server elsewhere runs: it can simulate, label and judge. */
import { useQueryClient } from '@tanstack/solid-query';
import { createStore } from 'solid-js/store';
import { servedModel } from '../../../../shared/api/served-model.ts';
import { useSession } from '../../app/session.ts';
import { Select, TextField } from '../../form/controls.tsx';
import { createForm } from '../../form/create-form.ts';
import { FormView } from '../../form/form-view.tsx';
import { asNumber, asText, given } from '../../form/values.ts';

const PROTOCOLS = servedModel.shape.protocol.unwrap().options;
type Protocol = (typeof PROTOCOLS)[number];
const SAY: Readonly<Record<Protocol, string>> = {
  completions: 'completions: goes on with any text',
  chat: 'chat: answers messages alone',
};
const EMPTY = {
  name: '',
  url: '',
  model: '',
  protocol: 'completions' as Protocol,
  contextLength: '',
  revision: '',
  inputPrice: '',
  outputPrice: '',
};

export function RegisterServed() {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const [values, setValues] = createStore({ ...EMPTY });
  const hasPrice = () => `${values.inputPrice}${values.outputPrice}`.trim() !== '';
  const form = createForm({
    operation: 'createBaseModel',
    input: () => ({
      body: {
        kind: 'served' as const,
        name: values.name,
        url: values.url,
        model: values.model,
        protocol: values.protocol,
        ...given('contextLength', values.contextLength, asNumber),
        ...given('revision', values.revision, asText),
        ...(hasPrice()
          ? { price: { input: asNumber(values.inputPrice), output: asNumber(values.outputPrice) } }
          : {}),
      },
    }),
    send: (input, attempt) => client.createBaseModel(input, attempt),
    onDone() {
      setValues({ ...EMPTY });
      void queryClient.invalidateQueries({ queryKey: ['base-models'] });
    },
  });
  return (
    <FormView form={form} label="Register a model that is served elsewhere" submit="Register">
      <TextField label="Name" at="#/name" value={values.name} onInput={(name) => setValues({ name })} />
      <TextField
        label="Address"
        at="#/url"
        placeholder="http://127.0.0.1:8080/v1"
        hint="Of a server that speaks the OpenAI API, up to its version; runners ask it, not this page"
        value={values.url}
        onInput={(url) => setValues({ url })}
      />
      <TextField
        label="Model"
        at="#/model"
        hint="As the server names it"
        value={values.model}
        onInput={(model) => setValues({ model })}
      />
      <div class="row start">
        <Select
          label="How it is asked"
          at="#/protocol"
          class="grow"
          value={values.protocol}
          choices={PROTOCOLS.map((name) => [name, SAY[name]] as const)}
          onInput={(text) => setValues({ protocol: text as Protocol })}
        />
        <TextField
          label="Context in tokens"
          at="#/contextLength"
          placeholder="4096"
          class="short"
          value={values.contextLength}
          onInput={(contextLength) => setValues({ contextLength })}
        />
        <TextField
          label="Revision"
          at="#/revision"
          hint="Tells its weights from those before"
          class="grow"
          value={values.revision}
          onInput={(revision) => setValues({ revision })}
        />
      </div>
      <div class="row start">
        <TextField
          label="Price of a million tokens in"
          at="#/price/input"
          value={values.inputPrice}
          onInput={(inputPrice) => setValues({ inputPrice })}
        />
        <TextField
          label="and out"
          at="#/price/output"
          value={values.outputPrice}
          onInput={(outputPrice) => setValues({ outputPrice })}
        />
      </div>
    </FormView>
  );
}
