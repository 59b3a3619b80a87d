/** What the memory planner reads of a model. */
import type { ModelShape } from '../../../shared/planner/model-bytes.ts';
import type { Model } from '../../llama/weights/model.ts';

export function shapeOf({ architecture }: Pick<Model, 'architecture'>) {
  const {
    vocabularySize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    keyValueHeads,
    headSize,
    tiedEmbedding,
  } = architecture;
  return {
    vocabularySize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    keyValueHeads,
    headSize,
    tiedEmbedding,
  } satisfies ModelShape;
}
