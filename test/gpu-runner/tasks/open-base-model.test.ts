/** The model of a task is the one that the edge means, or it is refused with what to do. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeModel, openBaseModel, openTaskModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

test('it is known by its identity; by the hash of earlier versions, which covered less, it is refused by name', async () => {
  const cache = temporaryFolder();
  const { base } = await openBaseModel('bundled', cache);
  const described = await describeModel('small', 'bundled', cache);
  expect(described.weightsSha256).toBe(base.identity);
  expect((await openTaskModel(described, cache)).base.identity).toBe(base.identity);
  const tokenizer = createHash('sha256')
    .update(readFileSync(path.join(base.folder, 'tokenizer.json')))
    .digest('hex');
  const earlier = createHash('sha256').update(`${base.sha256}\n${tokenizer}\n`).digest('hex');
  await expect(openTaskModel({ ...described, weightsSha256: earlier }, cache)).rejects.toThrow(
    /base model "small" \(bundled\) was registered by an earlier version, .*: register it again/,
  );
  await expect(openTaskModel({ ...described, weightsSha256: '0'.repeat(64) }, cache)).rejects.toThrow(
    /has SHA-256 [0-9a-f]{64} on this machine, the edge means 0{64}: put the right files there/,
  );
});
