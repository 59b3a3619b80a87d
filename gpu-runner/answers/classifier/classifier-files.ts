/** The files of a text classifier: an encoder's, with a head on its graph and labels in its configuration. */
import type { LogisticModel } from '../../../shared/statistics/logistic-regression.ts';
import { withLogits } from '../../algorithms/classifier/classifier-head.ts';
import type { EncoderFiles } from './encoder-folder.ts';

/** Of an encoder's configuration: what its weights are in, which is not so of the one file written here. */
const OF_THE_EXPORT: ReadonlySet<string> = new Set(['transformers.js_config', '_name_or_path']);

/** @param labels of outcome 0 and of outcome 1 */
export function classifierFiles(
  encoder: EncoderFiles,
  model: LogisticModel,
  labels: readonly [string, string],
): { readonly name: string; readonly bytes: Uint8Array }[] {
  const { architectures, ...others } = encoder.config;
  const kept = Object.entries(others).filter(([name]) => !OF_THE_EXPORT.has(name));
  const config = {
    ...Object.fromEntries(kept),
    architectures: Array.isArray(architectures)
      ? architectures.map((name) => String(name).replace(/Model$/, 'ForSequenceClassification'))
      : [],
    problem_type: 'single_label_classification',
    id2label: { 0: labels[0], 1: labels[1] },
    label2id: { [labels[0]]: 0, [labels[1]]: 1 },
  };
  // The pipeline cuts texts where this says, which may be behind the last position.
  const tokenizerConfig = { ...encoder.tokenizerConfig, model_max_length: encoder.maximumTokens };
  return [
    { name: 'config.json', bytes: json(config) },
    { name: 'tokenizer.json', bytes: encoder.tokenizer },
    { name: 'tokenizer_config.json', bytes: json(tokenizerConfig) },
    { name: 'onnx/model.onnx', bytes: withLogits(encoder.model, model) },
  ];
}

const json = (value: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
