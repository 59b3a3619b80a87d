/**
 * The contrast of a response as its reward: the nats by which the model finds it likelier behind the prompt towards the
 * principle than behind the one away from it.
 *
 * r(x, y) = log p(y | x+) - log p(y | x-), at temperature 1 and under the base model.
 *
 * It is what RLCD's preference model estimates. Pairs have y+ from p(. | x+) and y- from p(. | x-), so that of two texts a
 * and b the first is the positive one with probability
 * p(a | x+) p(b | x-) / (p(a | x+) p(b | x-) + p(b | x+) p(a | x-)) = sigmoid(r(x, a) - r(x, b)):
 * the pairwise loss of the paper (section 3) has r as its minimum, up to what depends on x alone.
 */
import { responseOf, sequenceOf } from '../../llama/model/sequence.ts';
import type { Model } from '../../llama/weights/model.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { SideTokens } from '../contrast/side-prompts.ts';
import { ReferenceModel } from '../reference-model.ts';
import { totalNats } from '../total-nats.ts';
import type { RewardModel, ScoredText } from './reward-model.ts';

interface ContrastRewardOptions {
  /** By prompt. */
  readonly sides: readonly SideTokens[];
  /** Tokens of the longest response with what closes it. */
  readonly responseTokens: number;
  /** Texts that go through the engine together. */
  readonly microbatchRows: number;
}

export class ContrastReward implements RewardModel {
  readonly #reference: ReferenceModel;
  readonly #sides: readonly SideTokens[];

  private constructor(reference: ReferenceModel, sides: readonly SideTokens[]) {
    this.#reference = reference;
    this.#sides = sides;
  }

  static async open(
    model: Model,
    { sides, responseTokens, microbatchRows }: ContrastRewardOptions,
  ): Promise<ContrastReward> {
    const longest = sides.reduce(
      (most, { positive, negative }) => Math.max(most, positive.length, negative.length),
      0,
    );
    const reference = await ReferenceModel.open(model, {
      scoring: 'tokens',
      maximumTime: longest + responseTokens,
      microbatchRows,
    });
    return new ContrastReward(reference, sides);
  }

  /** Nats, one a text, in order. */
  async score(texts: readonly ScoredText[], signal: AbortSignal): Promise<Float64Array> {
    const read = texts.flatMap(({ prompt, sequence }) => {
      const side = this.#sides[prompt];
      if (side === undefined) throw new AlgorithmInputError(`prompt ${prompt} has no sides`);
      const response = responseOf(sequence);
      return [sequenceOf(side.positive, response), sequenceOf(side.negative, response)];
    });
    const nats = await totalNats(
      read,
      (sequences, running) => this.#reference.logProbabilities(sequences, running),
      signal,
    );
    return Float64Array.from(
      texts,
      (_, index) => (nats[2 * index] ?? Number.NaN) - (nats[2 * index + 1] ?? Number.NaN),
    );
  }

  async close(): Promise<void> {
    await this.#reference.close();
  }
}
