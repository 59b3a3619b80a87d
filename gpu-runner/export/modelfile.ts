/** Ollama's Modelfile: the GGUF beside it, how turns are written, and what ends one. */
import { textFile, type ExportFile } from '../../shared/export/export-file.ts';

interface KnownTemplate {
  readonly name: string;
  /** Texts that such a chat template holds. */
  readonly marks: readonly string[];
  /** The same turns in Ollama's Go templates. */
  readonly go: string;
  readonly stops: readonly string[];
}

const KNOWN: readonly KnownTemplate[] = [
  {
    name: 'ChatML',
    marks: ['<|im_start|>', '<|im_end|>'],
    go: '{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n{{ end }}<|im_start|>assistant\n{{ .Response }}<|im_end|>\n',
    stops: ['<|im_start|>', '<|im_end|>'],
  },
  {
    name: 'Llama 3',
    marks: ['<|start_header_id|>', '<|eot_id|>'],
    go: '{{ if .System }}<|start_header_id|>system<|end_header_id|>\n\n{{ .System }}<|eot_id|>{{ end }}{{ if .Prompt }}<|start_header_id|>user<|end_header_id|>\n\n{{ .Prompt }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n{{ .Response }}<|eot_id|>',
    stops: ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
  },
  {
    name: 'Gemma',
    marks: ['<start_of_turn>', '<end_of_turn>'],
    go: '<start_of_turn>user\n{{ if .System }}{{ .System }}\n\n{{ end }}{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n{{ .Response }}<end_of_turn>\n',
    stops: ['<start_of_turn>', '<end_of_turn>'],
  },
  {
    name: 'Phi-3',
    marks: ['<|user|>', '<|assistant|>', '<|end|>'],
    go: '{{ if .System }}<|system|>\n{{ .System }}<|end|>\n{{ end }}{{ if .Prompt }}<|user|>\n{{ .Prompt }}<|end|>\n{{ end }}<|assistant|>\n{{ .Response }}<|end|>\n',
    stops: ['<|end|>', '<|user|>', '<|assistant|>'],
  },
  {
    name: 'Mistral',
    marks: ['[INST]', '[/INST]'],
    go: '[INST] {{ if .System }}{{ .System }}\n\n{{ end }}{{ .Prompt }} [/INST]{{ .Response }}</s>',
    stops: ['[INST]', '[/INST]'],
  },
];

/** A model without a chat template goes on with any text. */
const PLAIN = { name: 'plain text', go: '{{ .Prompt }}', stops: [] };

/** @param gguf name of the file beside it @param chatTemplate the model's own; null where it has none */
export function modelfile(gguf: string, chatTemplate: string | null): ExportFile {
  const known =
    chatTemplate === null
      ? PLAIN
      : KNOWN.find(({ marks }) => marks.every((mark) => chatTemplate.includes(mark)));
  const lines =
    known === undefined
      ? ["# The chat template is of no form known here: Ollama reads the GGUF's own."]
      : [
          `# The chat template's form: ${known.name}.`,
          `TEMPLATE """${known.go}"""`,
          ...known.stops.map((stop) => `PARAMETER stop ${JSON.stringify(stop)}`),
        ];
  return textFile('Modelfile', `${[`FROM ./${gguf}`, ...lines].join('\n')}\n`);
}
