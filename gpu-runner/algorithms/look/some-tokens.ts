/** Tokens to measure with. */
import type { Model } from '../../llama/weights/model.ts';

/** Any tokens do: the work of a step does not depend on which they are. */
export function someTokens({ architecture }: Model, row: number, length: number): Int32Array {
  return Int32Array.from(
    { length },
    (_, place) => 3 + ((row * 61 + place * 37) % (architecture.vocabularySize - 3)),
  );
}
