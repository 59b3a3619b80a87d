/** What a story model is worth: bits per character on stories it never saw. */
import { groupVector, initialState } from '../../llama/trainer/training-state.ts';
import { ForwardPass } from '../../llama/trainer/forward-pass.ts';
import type { Trainable } from '../../llama/trainer/graphs.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';

export interface StoryFit {
  readonly stories: number;
  readonly tokens: number;
  readonly characters: number;
  readonly natsPerToken: number;
  readonly charactersPerToken: number;
  readonly bitsPerCharacter: number;
}

const MICROBATCH_ROWS = 8;

/**
 * Bits per character of stories read from their beginning (BOS first, not counted), each up to `maximumTokens`; the
 * characters counted are those of the tokens read.
 *
 * @param vector the trained vector of the model or adapter, see {@link Trainable}
 */
export async function storyFit(
  trainable: Trainable,
  vector: Float32Array,
  tokenizer: Tokenizer,
  stories: readonly string[],
  maximumTokens: number,
): Promise<StoryFit> {
  const sequences = stories.map((story) => {
    const tokens = tokenizer.encode(story, { bos: true }).slice(0, maximumTokens);
    return { tokens, start: 1 };
  });
  const forwardPass = await ForwardPass.open({
    trainable,
    scoring: 'tokens',
    maximumTime: maximumTokens,
    microbatchRows: MICROBATCH_ROWS,
  });
  try {
    const { logProbabilities } = await forwardPass.score(groupVector(initialState([vector]), 0), [sequences]);
    const rows = logProbabilities[0] ?? [];
    const nats = -rows.reduce((sum, row) => sum + row.reduce((total, value) => total + value, 0), 0);
    const tokens = rows.reduce((sum, row) => sum + row.length, 0);
    const characters = sequences.reduce((sum, sequence) => sum + tokenizer.decode(sequence.tokens).length, 0);
    return {
      stories: stories.length,
      tokens,
      characters,
      natsPerToken: nats / tokens,
      charactersPerToken: characters / tokens,
      bitsPerCharacter: nats / Math.LN2 / characters,
    };
  } finally {
    await forwardPass.close();
  }
}
