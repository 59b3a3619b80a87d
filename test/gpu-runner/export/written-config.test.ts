/** config.json of a model that came without one says what its record says: read again, the logits are the same. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { configText } from '../../../gpu-runner/export/config-text.ts';
import { huggingFaceTensors } from '../../../gpu-runner/export/huggingface-tensors.ts';
import { blocksOf, mergedTensors } from '../../../gpu-runner/export/merged-tensors.ts';
import { outsideOf } from '../../../gpu-runner/export/outside.ts';
import { openHuggingFaceFolder } from '../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { logitsAt } from '../llama/weights/families/all-logits.ts';
import { goldenLogits, readGolden, writeGoldenCheckpoint } from '../llama/weights/families/golden.ts';
import { convertOpened } from '../llama/weights/convert-opened.ts';
import { safetensorsBytes, temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

test.each([
  ['llama', 'llama'],
  ['mistral', 'mistral'],
  ['qwen2', 'qwen2'],
  ['qwen3', 'qwen3'],
  ['smollm3', 'smollm3'],
  ['olmo2', 'olmo2'],
  ['phi3', 'phi3'],
  ['gemma', 'gemma'],
  ['gemma2', 'gemma2'],
  ['gemma3', 'gemma3_text'],
])('%s as a %s', async (name, modelType) => {
  const golden = readGolden(name);
  // Such a base keeps no config.json, as one that was made from a GGUF file.
  const base = await convertOpened(await openHuggingFaceFolder(writeGoldenCheckpoint(golden)), 'fp32');
  const outside = await outsideOf(base);
  expect(outside).toMatchObject({ original: null, config: { model_type: modelType } });
  const tensors = [];
  for (const { name: tensor, tensor: rows } of huggingFaceTensors(
    mergedTensors(base, null, 'half'),
    base.architecture,
    outside.tensors,
  )) {
    const values: number[] = [];
    for await (const block of blocksOf(rows)) values.push(...block);
    tensors.push({ name: tensor, shape: rows.shape, values });
  }
  const folder = temporaryFolder();
  const config = { ...outside.config, tie_word_embeddings: base.architecture.tiedEmbedding };
  writeFileSync(path.join(folder, 'config.json'), configText(config, null));
  writeFileSync(path.join(folder, 'model.safetensors'), safetensorsBytes(tensors, 'F32'));
  const again = await convertOpened(await openHuggingFaceFolder(folder), 'fp32');
  const logits = await logitsAt(again, golden.tokens, golden.positions);
  for (const [place, row] of goldenLogits(golden).entries()) {
    for (const [token, value] of row.entries()) {
      expect(Math.abs(value - (logits[place]?.[token] ?? Number.NaN))).toBeLessThan(2e-4);
    }
  }
});

test('fields that readers insist on as floats are written as such', () => {
  const text = configText(
    { final_logit_softcapping: 30, hidden_size: 30, rope_scaling: { factor: 2 } },
    null,
  );
  expect(text).toContain('"final_logit_softcapping": 30.0,');
  expect(text).toContain('"hidden_size": 30,');
  expect(text).toMatch(/"factor": 2\.0\n/);
});
