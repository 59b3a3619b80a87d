/** Settings that differ from the defaults, as JSON, beside the defaults of the method's stages. */
import { hyperparameterDefaults } from '../../../../shared/api/tasks/kinds.ts';
import { METHOD_STAGES, withSettings, type Method } from '../../../../shared/method-stages.ts';
import { TextArea } from '../../form/controls.tsx';

interface HyperparametersFieldProps {
  readonly method: Method;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** By the kind of each stage that the method has. */
function defaultsOf(method: Method): string {
  const own = withSettings(METHOD_STAGES[method], {});
  const kinds = new Set(METHOD_STAGES[method].map(({ kind }) => kind));
  const defaults = [...kinds].map((kind) => [kind, { ...hyperparameterDefaults[kind], ...own[kind] }]);
  return JSON.stringify(Object.fromEntries(defaults), null, 2);
}

export function HyperparametersField(props: HyperparametersFieldProps) {
  return (
    <div class="stack close">
      <TextArea
        label="Hyperparameters"
        at="#/hyperparameters"
        rows={5}
        hint='Only what differs from the defaults, as JSON: {"ppo": {"steps": [20]}}'
        value={props.value}
        onInput={props.onInput}
      />
      <details>
        <summary class="small">What {props.method} can be told, with the defaults</summary>
        <pre tabindex="0" class="request" aria-label="Defaults">
          {defaultsOf(props.method)}
        </pre>
      </details>
    </div>
  );
}
