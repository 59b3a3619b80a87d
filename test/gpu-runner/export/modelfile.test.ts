/** Ollama's Modelfile of the chat templates that models have. */
import { expect, test } from 'vitest';
import { modelfile } from '../../../gpu-runner/export/modelfile.ts';

function textOf(template: string | null): string {
  const [bytes] = [...(modelfile('model.gguf', template).chunks() as Iterable<Uint8Array>)];
  return new TextDecoder().decode(bytes);
}

test.each([
  ["{{ '<|im_start|>' + role }}<|im_end|>", 'ChatML', '<|im_end|>'],
  ["{{ '<|start_header_id|>' }}<|eot_id|>", 'Llama 3', '<|eot_id|>'],
  ["{{ '<start_of_turn>' }}<end_of_turn>", 'Gemma', '<end_of_turn>'],
  ["{{ '[INST] ' }}[/INST]", 'Mistral', '[INST]'],
  ["{{ '<|user|>' }}<|assistant|><|end|>", 'Phi-3', '<|end|>'],
])('%s is %s, and its turns end at %s', (template, name, stop) => {
  const text = textOf(template);
  expect(text).toMatch(/^FROM \.\/model\.gguf\n/);
  expect(text).toContain(`# The chat template's form: ${name}.\nTEMPLATE """`);
  expect(text).toContain('{{ .Prompt }}');
  expect(text).toContain(`PARAMETER stop "${stop}"\n`);
});

test('a model without a template goes on with any text; one of another form is left to the GGUF', () => {
  expect(textOf(null)).toBe(
    'FROM ./model.gguf\n# The chat template\'s form: plain text.\nTEMPLATE """{{ .Prompt }}"""\n',
  );
  expect(textOf('{{ own }}')).toBe(
    "FROM ./model.gguf\n# The chat template is of no form known here: Ollama reads the GGUF's own.\n",
  );
});
