/** Conformance of exports: an adapter's zip, and the forms that a runner makes when they are first asked for. */
import { expect, it } from 'vitest';
import { artifactBlob } from '../../../edge/store/artifacts.ts';
import { baseModels } from '../../../edge/store/schema/index.ts';
import { exportPending } from '../../../shared/api/exports.ts';
import { encodeSafetensors } from '../../../shared/safetensors/encode.ts';
import { unzip } from '../../shared/export/unzip.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, finish, putArtifact, seedWorld } from '../seed.ts';

/** A LoRA adapter of one matrix. */
function adapterBytes(): Uint8Array {
  const prefix = 'base_model.model.model.layers.0.self_attn.v_proj';
  const matrix = (rows: number, columns: number) => ({
    dtype: 'F32',
    shape: [rows, columns],
    bytes: new Uint8Array(Float32Array.from({ length: rows * columns }, (_, place) => place / 4).buffer),
  });
  const config = { r: 2, lora_alpha: 4, task_type: 'CAUSAL_LM', target_modules: ['v_proj'] };
  return encodeSafetensors(
    [
      { name: `${prefix}.lora_A.weight`, ...matrix(2, 3) },
      { name: `${prefix}.lora_B.weight`, ...matrix(4, 2) },
    ],
    { rope_layout: 'half', adapter_config: JSON.stringify(config) },
  );
}

export function exportsConformance(start: () => Promise<Harness>): void {
  /** An experiment that has ended, whose select stage made an adapter that can be read. */
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const configuration = { heads: 2, keyValueHeads: 1, ggufArchitecture: 'llama', modelType: 'llama' };
    await harness.database.update(baseModels).set({ configuration });
    const { client, runner } = harness.clients;
    const { id: experimentId } = await client.createExperiment({ body: EXPERIMENT });
    const worker = new TestRunner(harness);
    let adapter = '';
    for (let task = await worker.claim(); task; task = await worker.claim()) {
      if (task.kind !== 'select') await worker.complete(task);
      else {
        adapter = await putArtifact(harness, adapterBytes(), 'adapter', task.id);
        const body = {
          epoch: task.epoch,
          outputs: [{ name: 'adapter', sha256: adapter }],
          result: finish(task).result,
        };
        await runner.completeTask({ parameters: { taskId: task.id }, body });
      }
    }
    const ask = async (query: NonNullable<Parameters<typeof client.exportAdapter>[0]>['query']) =>
      await client.exportAdapter({ parameters: { experimentId }, query });
    const pending = async (query: Parameters<typeof ask>[0]) => {
      const response = await ask(query);
      expect(response.status).toBe(202);
      expect(response.headers.get('retry-after')).toBe('3');
      return exportPending.parse(await response.json());
    };
    return { harness, client, worker, experimentId, adapter, ask, pending };
  }

  it("answers an adapter's zip with PEFT's files and a card", async () => {
    const { experimentId, ask } = await begin();
    const response = await ask({ to: 'peft' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="${experimentId}-peft.zip"`,
    );
    const files = unzip(new Uint8Array(await response.arrayBuffer()));
    expect([...files.keys()]).toEqual(
      ['README.md', 'adapter_config.json', 'adapter_model.safetensors'].map(
        (name) => `${experimentId}-peft/${name}`,
      ),
    );
    const text = (name: string) => new TextDecoder().decode(files.get(`${experimentId}-peft/${name}`));
    expect(JSON.parse(text('adapter_config.json'))).toMatchObject({ r: 2, task_type: 'CAUSAL_LM' });
    expect(text('README.md')).toContain('library_name: peft');
  });

  it('refuses to make one of an adapter whose stored bits have flipped, by that name', async () => {
    const { harness, adapter, ask } = await begin();
    const wrong = Buffer.from(adapterBytes());
    wrong[wrong.length - 1] = 1;
    await harness.blobs.put(artifactBlob({ sha256: adapter, writing: '' }), wrong);
    await expect(ask({ to: 'peft' })).rejects.toMatchObject({
      problem: { status: 410, type: 'urn:rlcd:problem:artifact-damaged' },
    });
  });

  it('has a runner make what holds the weights, and answers 202 with its progress until it is there', async () => {
    const { harness, worker, experimentId, adapter, ask, pending } = await begin();
    const first = await pending({ to: 'merged' });
    expect(first).toMatchObject({ status: 'queued', progress: null });
    expect(first.waitsFor).toMatch(/^waits for /);
    expect((await pending({ to: 'merged', quantise: 'f16' })).taskId).toBe(first.taskId);
    const task = await worker.claim();
    expect(task).toMatchObject({
      id: first.taskId,
      kind: 'export',
      inputs: [{ name: 'adapter', sha256: adapter }],
      parameters: { form: 'merged', quantisation: null },
    });
    if (!task) throw new Error('no task');
    await worker.report(task, 1);
    expect(await pending({ to: 'merged' })).toMatchObject({ status: 'leased', progress: { done: 1 } });
    await worker.complete(task);
    const made = await ask({ to: 'merged' });
    expect(made.status).toBe(200);
    const files = unzip(new Uint8Array(await made.arrayBuffer()));
    const { outputs } = finish(task);
    expect([...files].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]).slice(1)).toEqual([
      [`${experimentId}-merged/config.json`, outputs['file-000']],
      [`${experimentId}-merged/model.safetensors`, outputs['file-001']],
    ]);
    // An equal experiment has it already: its parts are equal.
    const { client } = harness.clients;
    const other = await client.createExperiment({ body: EXPERIMENT });
    const again = await client.exportAdapter({
      parameters: { experimentId: other.id },
      query: { to: 'merged' },
    });
    expect(again.status).toBe(200);
    expect(unzip(new Uint8Array(await again.arrayBuffer())).size).toBe(3);
    // Numbers of a GGUF, and the base alone, are other files.
    const others = [
      await pending({ to: 'gguf' }),
      await pending({ to: 'gguf', quantise: 'f16' }),
      await pending({ to: 'merged', stage: 'base' }),
    ];
    expect(new Set([first, ...others].map(({ taskId }) => taskId)).size).toBe(4);
  });

  it('leaves the experiment as it was: an export is no stage of it', async () => {
    const { client, worker, experimentId, pending } = await begin();
    const parameters = { experimentId };
    const before = await client.getExperiment({ parameters });
    await pending({ to: 'ollama' });
    await worker.drain();
    expect(await client.getExperiment({ parameters })).toEqual(before);
  });

  it('refuses what is too large before anything is made, with the command that writes it', async () => {
    const { harness, client, experimentId, ask } = await begin();
    await harness.database.update(baseModels).set({ parameterCount: 7e9 });
    await expect(ask({ to: 'gguf', quantise: 'q8_0' })).rejects.toThrow(
      new RegExp(
        String.raw`409 .*7\.44 GB, and at most 4\.29 GB.* npx rlcd export ${experimentId} --to gguf --out ${experimentId}-gguf --quantise q8_0$`,
      ),
    );
    expect((await client.listTasks({ query: { kind: 'export' } })).items).toEqual([]);
  });

  it('tells why one failed, and tries it again when it is asked for a minute later', async () => {
    const { harness, worker, ask, pending } = await begin();
    const { taskId } = await pending({ to: 'gguf' });
    const task = await worker.claim();
    if (!task) throw new Error('no task');
    await worker.fail(task, 'not-exportable', false);
    await expect(ask({ to: 'gguf' })).rejects.toThrow(/409 .*not-exportable: told by the test \(none\)/);
    harness.advance(61_000);
    expect(await pending({ to: 'gguf' })).toMatchObject({ taskId, status: 'queued' });
  });

  it('ends with its experiment', async () => {
    const { client, worker, experimentId, ask, pending } = await begin();
    const { taskId } = await pending({ to: 'merged' });
    const task = await worker.claim();
    if (!task) throw new Error('no task');
    const waiting = await pending({ to: 'gguf' });
    await client.deleteExperiment({ parameters: { experimentId } });
    expect(await worker.report(task, 1)).toMatchObject({ cancel: true });
    await expect(client.getTask({ parameters: { taskId: waiting.taskId } })).rejects.toThrow(/404/);
    await worker.fail(task, 'cancelled', false);
    expect(await client.getTask({ parameters: { taskId } })).toMatchObject({ status: 'cancelled' });
    await expect(ask({ to: 'merged' })).rejects.toThrow(/404/);
  });
}
