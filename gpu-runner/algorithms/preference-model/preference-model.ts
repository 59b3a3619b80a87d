/** A trained preference model in use: one score per text, read at its last token. */
import type { Model } from '../../llama/weights/model.ts';
import { adapterLayout } from '../../llama/model/lora-layout.ts';
import { lastOf } from '../../llama/model/sequence.ts';
import { ForwardPass } from '../../llama/trainer/forward-pass.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';

/** Texts that are read between two looks at the signal: those of like length go through the engine together. */
const READ_AT_A_TIME = 256;

export interface PreferenceModelOptions {
  readonly rank: number;
  readonly alpha: number;
  /** Adapter and head as the training layout has them. */
  readonly vector: Float32Array;
  /** Longest text in tokens. */
  readonly maximumTime: number;
  readonly microbatchRows: number;
}

export class PreferenceModel {
  readonly #forwardPass: ForwardPass;
  readonly #options: PreferenceModelOptions;

  private constructor(forwardPass: ForwardPass, options: PreferenceModelOptions) {
    this.#forwardPass = forwardPass;
    this.#options = options;
  }

  static async open(model: Model, options: PreferenceModelOptions): Promise<PreferenceModel> {
    const layout = adapterLayout(model.architecture, options.rank, options.alpha);
    if (options.vector.length !== layout.length) {
      throw new AlgorithmInputError(
        `the preference model has ${options.vector.length} numbers, rank ${options.rank} on this base needs ` +
          `${layout.length}: use the base model and the rank that it was trained with`,
      );
    }
    const forwardPass = await ForwardPass.open({
      trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
      scoring: 'scalars',
      maximumTime: options.maximumTime,
      microbatchRows: options.microbatchRows,
    });
    return new PreferenceModel(forwardPass, options);
  }

  /** Scores of texts given as tokens, in order. */
  async score(texts: readonly Int32Array[], signal: AbortSignal): Promise<Float64Array> {
    const scores = new Float64Array(texts.length);
    const { vector } = this.#options;
    for (let start = 0; start < texts.length; start += READ_AT_A_TIME) {
      signal.throwIfAborted();
      const part = texts.slice(start, start + READ_AT_A_TIME).map((tokens) => lastOf(tokens));
      const { scalars } = await this.#forwardPass.score(vector, [part]);
      scalars[0]?.forEach((scalar, row) => {
        scores[start + row] = scalar[0] ?? Number.NaN;
      });
    }
    return scores;
  }

  async close(): Promise<void> {
    await this.#forwardPass.close();
  }
}
