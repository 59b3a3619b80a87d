/** The request that a form makes, to take along: nothing can be made here that a program could not make. */
import { createSignal, For } from 'solid-js';
import { CopyButton } from '../components/copy-button.tsx';
import { useForm } from './create-form.ts';
import { curlOf, typeScriptOf } from '../../../shared/api/request-text.ts';

const LANGUAGES = { curl: curlOf, TypeScript: typeScriptOf } as const;
type Language = keyof typeof LANGUAGES;

export function RequestView() {
  const form = useForm();
  const [language, setLanguage] = createSignal<Language>('curl');
  const text = () =>
    LANGUAGES[language()]({ operation: form.operation, input: form.input(), origin: location.origin });
  return (
    <details>
      <summary class="small">The same as a request</summary>
      <div class="stack close request">
        <div class="row apart">
          <div class="row" role="group" aria-label="Language">
            <For each={Object.keys(LANGUAGES) as Language[]}>
              {(name) => (
                <button
                  type="button"
                  class="button small"
                  aria-pressed={name === language()}
                  onClick={() => setLanguage(name)}
                >
                  {name}
                </button>
              )}
            </For>
          </div>
          <CopyButton text={text()} label="Copy it" />
        </div>
        <pre tabindex="0" aria-label="Request">
          {text()}
        </pre>
      </div>
    </details>
  );
}
