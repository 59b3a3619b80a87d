/** How the files of an export are opened, for its model card. */
import { fenced } from '../text/markdown-text.ts';
import type { ExportForm } from './forms.ts';

/** @param location hub id or path of the base */
export function howToUse(form: ExportForm, location: string, isPreferenceModel: boolean): string {
  const base = fromPretrained(location);
  switch (form) {
    case 'peft':
      return isPreferenceModel ? fenced(peftClassifier(base), 'python') : fenced(peftPolicy(base), 'python');
    case 'merged':
      return isPreferenceModel ? fenced(MERGED_CLASSIFIER, 'python') : fenced(MERGED_POLICY, 'python');
    case 'gguf':
      return fenced('llama-cli -m model.gguf -p "Hello"', 'sh');
    case 'gguf-lora':
      return fenced('llama-cli -m base.gguf --lora adapter.gguf -p "Hello"', 'sh');
    case 'ollama':
      return fenced('ollama create my-model -f Modelfile\nollama run my-model', 'sh');
    default:
      return form satisfies never;
  }
}

/** What transformers is given for a base: a GGUF file is named beside the folder or repository that holds it. */
function fromPretrained(location: string): string {
  const [, place, file] = /^(.+)[/:]([^/:]+\.gguf)$/.exec(location) ?? [];
  if (place === undefined || file === undefined) return JSON.stringify(location);
  return `${JSON.stringify(place)}, gguf_file=${JSON.stringify(file)}`;
}

const peftPolicy = (base: string): string => `from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained(${base})
tokenizer = AutoTokenizer.from_pretrained(${base})
model = PeftModel.from_pretrained(base, ".")`;

const peftClassifier = (base: string): string => `from peft import PeftModel
from transformers import AutoModelForSequenceClassification

base = AutoModelForSequenceClassification.from_pretrained(${base}, num_labels=1)
model = PeftModel.from_pretrained(base, ".")  # the score is model(ids).logits, less a constant`;

const MERGED_POLICY = `from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained(".")
tokenizer = AutoTokenizer.from_pretrained(".")`;

const MERGED_CLASSIFIER = `from transformers import AutoModelForSequenceClassification

model = AutoModelForSequenceClassification.from_pretrained(".")  # the score is model(ids).logits, less a constant`;
