/** Base models: what identifies one that is served elsewhere, and what a task says of any. */
import { createHash } from 'node:crypto';
import type { NewBaseModel } from '../../shared/api/base-models.ts';
import type { ServedModel } from '../../shared/api/served-model.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import type { TaskBaseModel } from './task-key.ts';

/**
 * What is kept of a new base model. Nobody here sees the weights that a server runs: its address, the model's name there,
 * how it is asked and the revision that people give stand for them. What it costs changes no answer.
 */
export function baseModelFields(body: NewBaseModel) {
  if (!('kind' in body)) return { ...body, served: null };
  const { name, contextLength, url, model, protocol, revision, price } = body;
  const served = { url, model, protocol, revision, price };
  return {
    name,
    source: `${url} ${model}`,
    weightsSha256: createHash('sha256')
      .update(canonicalJson({ url, model, protocol, revision }))
      .digest('hex'),
    parameterCount: 0,
    contextLength,
    configuration: {},
    served,
  };
}

/** A model as tasks name it; a task of a model that runners open says nothing of servers. */
export function taskModelOf(model: {
  readonly name: string;
  readonly source: string;
  readonly weightsSha256: string;
  readonly contextLength: number;
  readonly configuration: TaskBaseModel['configuration'];
  readonly served: ServedModel | null;
}): TaskBaseModel {
  const { name, source, weightsSha256, contextLength, configuration, served } = model;
  return { name, source, weightsSha256, contextLength, configuration, ...(served && { served }) };
}
