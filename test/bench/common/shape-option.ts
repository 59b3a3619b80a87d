/** The option --shape of benches that take any named shape. */
import { Option } from '@commander-js/extra-typings';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';

export type ShapeName = keyof typeof namedShapes;

export const shapeOption = (usual: ShapeName) =>
  new Option('--shape <shape>', 'a named shape, with random weights')
    .choices(Object.keys(namedShapes) as ShapeName[])
    .default(usual);
