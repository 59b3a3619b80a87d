/** The option --shape of benches that take any named shape. */
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { UsageError } from '../../../scripts/usage-error.ts';

export type ShapeName = keyof typeof namedShapes;

/** @throws UsageError naming the shapes there are */
export function namedShape(name: string): ShapeName {
  if (Object.hasOwn(namedShapes, name)) return name as ShapeName;
  throw new UsageError(`--shape: there is no shape ${name}; one of ${Object.keys(namedShapes).join(', ')}`);
}
