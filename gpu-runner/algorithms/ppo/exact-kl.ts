/** KL(policy || reference) of every response token over the whole next-token distributions, not the sampled token. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import type { Backend } from '../../llama/model/backend.ts';
import { scoredCount, type Sequence } from '../../llama/model/sequence.ts';
import { float32, Picks } from '../../llama/trainer/batch.ts';
import { apart } from '../../llama/trainer/bundles.ts';
import { forwardGraph } from '../../llama/trainer/graphs.ts';
import type { AdapterLayout } from '../../llama/model/lora-layout.ts';
import { openGraph } from '../../llama/trainer/lanes.ts';
import { graphOptions, pickFeeds, tokenFeeds } from '../../llama/trainer/trainer.ts';
import type { TensorSession } from '../../tensor/session.ts';
import { distributionKl } from './kl-penalty.ts';

export interface ExactKlOptions {
  readonly backend: Backend;
  /** Of the policies. */
  readonly layout: AdapterLayout;
  /** Longest prompt and response together, in tokens. */
  readonly maximumTime: number;
  /** Logits are divided by it, as when sampling. */
  readonly temperature: number;
}

/** Logits of policy and reference that are in memory at a time. */
const LOGITS_AT_HAND = 32 << 20;

/**
 * Runs policy and base side by side, two groups of one batch, and sums over the vocabulary in float64. Per response token
 * that is two rows of the vocabulary product and 2 V exponentials on the host, so it costs about as much as the update.
 */
export class ExactKl {
  readonly #options: ExactKlOptions;
  readonly #session: TensorSession;
  /** Adapters of policy and reference, the latter zero, [2, numbers of one adapter]. */
  readonly #vectors: Float32Array;

  private constructor(options: ExactKlOptions, session: TensorSession) {
    this.#options = options;
    this.#session = session;
    this.#vectors = new Float32Array(2 * options.layout.length);
  }

  static async open(options: ExactKlOptions): Promise<ExactKl> {
    const { maximumTime, temperature } = options;
    const trainable = trainableOf(options);
    const graph = forwardGraph(graphOptions(trainable, maximumTime, temperature), 'logits');
    return new ExactKl(options, await openGraph(graph, trainable, {}));
  }

  /**
   * Nats of every token from `start` on, for each sequence.
   *
   * @param policy adapter of the policy, [numbers of one adapter]
   */
  async measure(
    policy: Float32Array,
    sequences: readonly Sequence[],
    signal: AbortSignal,
  ): Promise<Float64Array[]> {
    const { backend, maximumTime } = this.#options;
    const { vocabularySize } = backend.architecture;
    this.#vectors.set(policy);
    const rows = Math.max(1, Math.floor(LOGITS_AT_HAND / (2 * maximumTime * vocabularySize)));
    const out: Float64Array[] = [];
    for (let first = 0; first < sequences.length; first += rows) {
      signal.throwIfAborted();
      out.push(...(await this.#measurePart(sequences.slice(first, first + rows))));
    }
    return out;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #measurePart(sequences: readonly Sequence[]): Promise<Float64Array[]> {
    const { backend, layout, maximumTime } = this.#options;
    const { vocabularySize } = backend.architecture;
    const groups = apart([sequences, sequences]);
    const { shape, feeds } = tokenFeeds(groups, trainableOf(this.#options), maximumTime, false);
    const picks = new Picks(groups, shape, vocabularyBlock(backend.architecture));
    const { logits } = await this.#session.run({
      ...feeds,
      ...pickFeeds('token', picks, false),
      parameters: float32([2, layout.length], this.#vectors),
    });
    if (!(logits?.data instanceof Float32Array)) throw new TypeError('the scoring graph gave no logits');
    const { data } = logits;
    const rowOf = (place: number) => data.subarray(place * vocabularySize, (place + 1) * vocabularySize);
    // Picks stand group by group: the reference's places follow all of the policy's.
    const counts = sequences.map(scoredCount);
    const places = counts.reduce((sum, count) => sum + count, 0);
    let place = 0;
    return counts.map((count) =>
      Float64Array.from({ length: count }, () => {
        const kl = distributionKl(rowOf(place), rowOf(places + place));
        place += 1;
        return kl;
      }),
    );
  }
}

function trainableOf({ backend, layout }: ExactKlOptions) {
  return { kind: 'adapters', backend, layout, groups: 2 } as const;
}
