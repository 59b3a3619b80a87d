/** What several benches share: a base of random weights, and the figures that they take of a process. */
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { openBase, type BaseFile } from '../../../gpu-runner/llama/weights/base-file.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import type { ShapeName } from './shape-option.ts';

const SEED = 1;

/** Random 8-bit weights of a shape whose texts never end, made once. */
export async function randomBase(shape: ShapeName): Promise<BaseFile> {
  const folder = path.join(tmpdir(), `rlcd-bench-random-${shape}-${SEED}`);
  if (existsSync(path.join(folder, 'base.json'))) return await openBase(folder);
  return await writeRandomBase(folder, { ...namedShapes[shape], eosTokens: [] }, 'int8', SEED);
}

/** The process's high-water mark; where the system has none, what it takes now. */
export function peakMegabytes(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kilobytes = /VmHWM:\s+(?<kilobytes>\d+)/.exec(status)?.groups?.['kilobytes'];
  return Math.round(
    kilobytes === undefined ? process.memoryUsage().rss / 1e6 : (Number(kilobytes) * 1024) / 1e6,
  );
}

/** The larger of the middle two where there are two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Four digits. */
export const round = (value: number): number => Number(value.toPrecision(4));
