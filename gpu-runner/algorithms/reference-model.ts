/** The base model's own opinion of given tokens: the reference of a KL, a margin or a question, an adapter of zeros. */
import { adapterLayout } from '../llama/model/lora-layout.ts';
import type { Sequence } from '../llama/model/sequence.ts';
import { ForwardPass, type ForwardPassOptions } from '../llama/trainer/forward-pass.ts';
import type { Model } from '../llama/weights/model.ts';

export class ReferenceModel {
  readonly #forwardPass: ForwardPass;
  readonly #nothing: Float32Array;

  private constructor(forwardPass: ForwardPass, nothing: Float32Array) {
    this.#forwardPass = forwardPass;
    this.#nothing = nothing;
  }

  /** @param options with `scoring` `tokens` for {@link logProbabilities}, `logits` for {@link nextLogits} */
  static async open(model: Model, options: Omit<ForwardPassOptions, 'trainable'>): Promise<ReferenceModel> {
    const layout = adapterLayout(model.architecture, 1, 1);
    const trainable = { kind: 'adapters', backend: model.backend, layout, groups: 1 } as const;
    const forwardPass = await ForwardPass.open({ ...options, trainable });
    return new ReferenceModel(forwardPass, new Float32Array(layout.length));
  }

  /** Nats of every scored token of each sequence. */
  async logProbabilities(
    sequences: readonly Sequence[],
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    signal.throwIfAborted();
    if (sequences.length === 0) return [];
    const { logProbabilities } = await this.#forwardPass.score(this.#nothing, [sequences]);
    return logProbabilities[0] ?? [];
  }

  /** Logits of the token after each text, [vocabulary]. */
  async nextLogits(texts: readonly ArrayLike<number>[], signal: AbortSignal): Promise<Float32Array[]> {
    signal.throwIfAborted();
    if (texts.length === 0) return [];
    return (await this.#forwardPass.nextLogits(this.#nothing, [texts]))[0] ?? [];
  }

  async close(): Promise<void> {
    await this.#forwardPass.close();
  }
}
