/** Kahneman-Tversky optimisation: every response is gained or lost against how far the policy has moved on the whole. */
import type { Sequence } from '../model/sequence.ts';
import {
  type DirectPreferencePair,
  type DirectPreferenceStep,
  DirectPreferenceTrainer,
} from './direct-preference-trainer.ts';
import { ForwardPass } from './forward-pass.ts';
import type { TrainerOptions } from './trainer.ts';
import type { TrainingState } from './training-state.ts';

/** A response behind a prompt that it does not answer. */
interface UnrelatedResponse {
  readonly sequence: Sequence;
  /** log p under the reference, nats */
  readonly reference: number;
}

/** A pair with what estimates the baseline of its step. */
export interface ProspectPair extends DirectPreferencePair {
  readonly unrelated: readonly UnrelatedResponse[];
}

/**
 * Trains one group by the loss of single responses. The baseline of a step is z0 = max(0, mean of log p - log p_ref over the
 * batch's unrelated responses) of the policy before the update (Ethayarajh et al., 2024, section 4.1): it has no gradient.
 */
export class ProspectTrainer {
  readonly #trainer: DirectPreferenceTrainer;
  readonly #forwardPass: ForwardPass;

  private constructor(trainer: DirectPreferenceTrainer, forwardPass: ForwardPass) {
    this.#trainer = trainer;
    this.#forwardPass = forwardPass;
  }

  static async open(options: TrainerOptions, beta: number): Promise<ProspectTrainer> {
    const { trainable, maximumTime, microbatchRows, session = {} } = options;
    const forwardPass = await ForwardPass.open({
      trainable,
      scoring: 'tokens',
      maximumTime,
      microbatchRows,
      session,
    });
    const loss = { entry: 'response', beta, perToken: false } as const;
    return new ProspectTrainer(await DirectPreferenceTrainer.open(options, loss), forwardPass);
  }

  get state(): TrainingState {
    return this.#trainer.state;
  }

  /** One update. @param groups one group of pairs; @param learningRates one */
  async step(
    groups: readonly (readonly ProspectPair[])[],
    learningRates: ArrayLike<number>,
  ): Promise<DirectPreferenceStep> {
    const baselines = [];
    const unrelated = groups.map((pairs) => pairs.flatMap((pair) => pair.unrelated));
    const { logProbabilities } = await this.#forwardPass.score(
      this.state.parameters,
      unrelated.map((responses) => responses.map(({ sequence }) => sequence)),
    );
    for (const [group, responses] of unrelated.entries()) {
      const moved = responses.map(({ reference }, row) => {
        const values = Array.from(logProbabilities[group]?.[row] ?? []);
        return values.reduce((sum, value) => sum + value, 0) - reference;
      });
      baselines.push(Math.max(0, moved.reduce((sum, nats) => sum + nats, 0) / moved.length));
    }
    return await this.#trainer.step(groups, learningRates, baselines);
  }

  async close(): Promise<void> {
    await this.#trainer.close();
    await this.#forwardPass.close();
  }
}
