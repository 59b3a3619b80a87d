/** The shape of a registered model, out of what the engine told of it. */
import { modelShape } from '../../shared/api/memory-plans.ts';
import type { ModelShape } from '../../shared/planner/model-bytes.ts';

/** Undefined where the engine did not tell all of it. */
export function shapeOfConfiguration(
  configuration: Readonly<Record<string, unknown>> | undefined,
): ModelShape | undefined {
  const names = Object.keys(modelShape.shape);
  const told = Object.entries(configuration ?? {}).filter(([name]) => names.includes(name));
  return modelShape.safeParse(Object.fromEntries(told)).data;
}
