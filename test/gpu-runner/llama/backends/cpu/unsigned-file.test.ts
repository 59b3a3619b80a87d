/** The file of unsigned weights: its bytes, and that sessions give the same rollout with it as without. */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeRandomBase } from '../../../../fixtures/random-base.ts';
import {
  isUnsigned,
  prepareUnsigned,
  UNSIGNED_FILE,
} from '../../../../../gpu-runner/llama/backends/cpu/unsigned-file.ts';
import { openBase, type BaseFile } from '../../../../../gpu-runner/llama/weights/base-file.ts';
import { cpuBackend } from '../../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { Replica } from '../../../../../gpu-runner/llama/sampler/replica.ts';
import type { Rollout } from '../../../../../gpu-runner/llama/sampler/rollout.ts';
import { serialiseGraph } from '../../../../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../../../../gpu-runner/tensor/session.ts';
import { smallBase, smallRequest, smallShape } from '../../sampler/small-model.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-unsigned-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Large enough for the file: the vocabulary takes 4 MiB twice. */
const large = { ...smallShape, vocabularySize: 1 << 16 };
const base = await writeRandomBase(path.join(folder, 'large'), large, 'int8', 4);

async function rolloutOf(weights: BaseFile, hasUnsignedFile: boolean): Promise<Rollout> {
  const backend = cpuBackend({ base: weights, exactProduct: 'unsigned', hasUnsignedFile });
  const plan = backend.planRollout({ maximumPositions: 64, rows: 3 }, { threads: 1 });
  const source = { model: serialiseGraph(plan.graph), folder: weights.folder };
  const session = await TensorSession.open(source, plan.session);
  const replica = new Replica({ backend }, 64, plan, session);
  try {
    return await replica.sample(smallRequest(3, { maximumNewTokens: 12 }), {}, {});
  } finally {
    await replica.close();
  }
}

describe('the file of unsigned weights', () => {
  it('holds every weight of a product plus 128 at its place, and sessions sample the same bytes from it', async () => {
    const without = await rolloutOf(base, false);
    expect(await prepareUnsigned(base)).toBe(true);
    const signed = readFileSync(base.binaryPath);
    const unsigned = readFileSync(path.join(base.folder, UNSIGNED_FILE));
    expect(unsigned).toHaveLength(signed.length);
    const regions = base.regions.filter(isUnsigned);
    expect(regions.map(({ name }) => name)).toContain('output.weight');
    expect(regions.map(({ name }) => name)).not.toContain('embedding.weight');
    for (const { offset, length } of regions) {
      let wrong = 0;
      for (let place = offset; place < offset + length; place++) {
        if (unsigned.readUInt8(place) !== signed.readInt8(place) + 128) wrong++;
      }
      expect(wrong).toBe(0);
    }
    const again = await openBase(base.folder);
    expect(await rolloutOf(again, true)).toEqual(without);
  });

  it('is written again when it was cut short, and leaves nothing half-written', async () => {
    const file = path.join(base.folder, UNSIGNED_FILE);
    writeFileSync(file, 'short');
    expect(await prepareUnsigned(base)).toBe(true);
    const whole = readFileSync(file);
    truncateSync(file, whole.length - 1);
    await Promise.all([prepareUnsigned(base), prepareUnsigned(base)]);
    expect(readFileSync(file).equals(whole)).toBe(true);
    expect(readdirSync(base.folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('is not made of a small base, nor in a folder that cannot be written', async (context) => {
    const small = await smallBase(path.join(folder, 'small'));
    expect(await prepareUnsigned(small)).toBe(false);
    context.skip(process.getuid?.() === 0, 'the superuser may write anywhere');
    rmSync(path.join(base.folder, UNSIGNED_FILE));
    chmodSync(base.folder, 0o500);
    try {
      expect(await prepareUnsigned(base)).toBe(false);
    } finally {
      chmodSync(base.folder, 0o700);
    }
  });
});
