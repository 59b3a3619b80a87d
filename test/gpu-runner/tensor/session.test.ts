import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { SessionWorker } from '../../../gpu-runner/tensor/session-worker.ts';
import { type HostTensor, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { numbers } from './engine.ts';
import { slowInput, slowModel } from './slow-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-session-'));
afterAll(() => rmSync(folder, { recursive: true }));

function doubled(): Uint8Array {
  const graph = new Graph('doubled');
  const x = graph.input('x', 'float32', ['rows', 2]);
  graph.output('y', ops.multiply(x, 2));
  graph.output('z', ops.add(x, 1));
  return serialiseGraph(graph);
}

const rows = (...elements: number[]): HostTensor => ({
  dtype: 'float32',
  shape: [elements.length / 2, 2],
  data: Float32Array.from(elements),
});

describe('TensorSession', () => {
  it('returns the outputs asked for and no others', async () => {
    const session = await TensorSession.open({ model: doubled() });
    expect(session.inputNames).toEqual(['x']);
    const all = await session.run({ x: rows(1, 2) });
    expect(numbers(all['y'])).toEqual([2, 4]);
    expect(numbers(all['z'])).toEqual([2, 3]);
    const one = await session.run({ x: rows(1, 2, 3, 4) }, ['z']);
    expect(Object.keys(one)).toEqual(['z']);
    expect(one['z']?.shape).toEqual([2, 2]);
    expect(numbers(one['z'])).toEqual([2, 3, 4, 5]);
    await session.close();
  });

  it('writes into buffers it is given', async () => {
    const session = await TensorSession.open({ model: doubled() });
    const z = rows(0, 0);
    const results = await session.run({ x: rows(1, 2) }, { z });
    expect(Object.keys(results)).toEqual(['z']);
    expect([...z.data]).toEqual([2, 3]);
    expect(results['z']?.data.buffer).toBe(z.data.buffer);
    await session.close();
  });

  it('reads external constants of one file in two sessions, at their offsets', async () => {
    const weights = new Float32Array(2048).map((_, index) => index);
    writeFileSync(join(folder, 'weights.bin'), weights);
    const model = (offset: number): Uint8Array => {
      const graph = new Graph('external');
      const x = graph.input('x', 'float32', [1, 2]);
      const region = { location: 'weights.bin', offset, length: 16 };
      graph.output('y', ops.matMul(x, graph.external('w', 'float32', [2, 2], region)));
      return serialiseGraph(graph);
    };
    for (const offset of [0, 4096]) {
      const session = await TensorSession.open({ model: model(offset), folder });
      const first = offset / 4;
      const { y } = await session.run({ x: rows(1, 10) });
      expect(numbers(y)).toEqual([first + 10 * (first + 2), first + 1 + 10 * (first + 3)]);
      await session.close();
    }
    await expect(TensorSession.open({ model: model(8184), folder })).rejects.toMatchObject({
      fault: 'model',
    });
    await expect(TensorSession.open({ model: model(0), folder: tmpdir() })).rejects.toMatchObject({
      fault: 'model',
    });
  });

  it('reads a constant past 2 GiB of its file', async () => {
    const offset = 5 * 2 ** 29;
    const file = openSync(join(folder, 'large.bin'), 'w');
    // The file is sparse: only what is written takes room on disk.
    writeSync(file, Float32Array.of(3, 5), 0, 8, offset);
    closeSync(file);
    const graph = new Graph('large');
    const w = graph.external('w', 'float32', [2], { location: 'large.bin', offset, length: 8 });
    graph.output('y', ops.add(graph.input('x', 'float32', [1, 2]), w));
    const session = await TensorSession.open({ model: serialiseGraph(graph), folder });
    expect(numbers((await session.run({ x: rows(1, 2) }))['y'])).toEqual([4, 7]);
    await session.close();
  });

  it('reads an external constant of a loop inside a loop', async () => {
    writeFileSync(join(folder, 'nested.bin'), Float32Array.of(2, 0, 0, 3));
    const graph = new Graph('nested');
    const x = graph.input('x', 'float32', [1, 2]);
    const twice = (
      outer: Graph,
      name: string,
      value: Value,
      step: (body: Graph, value: Value) => Value,
    ): Value =>
      ops.first(
        ops.loop(outer, name, {
          count: outer.scalar(2, 'int64'),
          carried: [{ initial: value }],
          body: (body, _iteration, values) => ({ carried: values.map((carried) => step(body, carried)) }),
        }).carried,
      );
    const y = twice(graph, 'outer', x, (outer, value) => {
      const w = outer.external('w', 'float32', [2, 2], { location: 'nested.bin', offset: 0, length: 16 });
      return twice(outer, 'inner', value, (_inner, inside) => ops.matMul(inside, w));
    });
    graph.output('y', y);
    const session = await TensorSession.open({ model: serialiseGraph(graph), folder });
    expect(numbers((await session.run({ x: rows(1, 1) }))['y'])).toEqual([16, 81]);
    await session.close();
  });

  it('keeps a frozen 8-bit weight in 8 bits unless told to unfold it', async () => {
    const graph = new Graph('frozen');
    const x = graph.input('x', 'float32', ['rows', 64]);
    const weight = graph.constant('int8', new Int8Array(64 * 64).fill(3), [64, 64]);
    const scales = graph.constant('float32', new Float32Array(64).fill(0.5));
    const float = ops.emitOne(
      'DequantizeLinear',
      [weight, scales],
      { dtype: 'float32', shape: [64, 64] },
      { axis: 1 },
    );
    graph.output('y', ops.matMul(x, float));
    const model = serialiseGraph(graph);
    const ran = async (entries: Record<string, string>): Promise<string[]> => {
      const session = await TensorSession.open({ model }, { profile: true, entries });
      await session.run({ x: { dtype: 'float32', shape: [1, 64], data: new Float32Array(64) } });
      const { operators } = session.profile();
      await session.close();
      return operators.map(({ name }) => name);
    };
    // The engine may fuse the weight's DequantizeLinear into an 8-bit product; a plain MatMul has it in floats.
    expect(await ran({})).not.toEqual(['MatMul']);
    expect(await ran({ 'session.disable_quant_qdq': '1' })).toEqual(['MatMul']);
  });

  it('profiles by operator, node and device, with a loop apart from its body', async () => {
    const session = await TensorSession.open({ model: slowModel(5) }, { profile: true });
    await session.run({ x: slowInput() });
    const { operators, nodes, placement, totalMilliseconds } = session.profile();
    await session.run({ x: slowInput() });
    expect(session.profile().operators).toBe(operators);
    const product = operators.find(({ name }) => name === 'MatMul');
    expect(product?.calls).toBe(5);
    expect(operators.find(({ name }) => name === 'Loop')?.calls).toBe(1);
    expect(nodes.find(({ name }) => name.startsWith('layer/Tanh'))?.calls).toBe(5);
    const summed = operators.reduce((total, { milliseconds }) => total + milliseconds, 0);
    expect(summed).toBeCloseTo(totalMilliseconds, 6);
    expect(Object.keys(placement)).toEqual(['CPUExecutionProvider']);
    expect(placement['CPUExecutionProvider']).toEqual(expect.arrayContaining(['Loop', 'MatMul', 'Tanh']));
    await session.close();
  });

  it('refuses with a typed error that names the fault', async () => {
    await expect(TensorSession.open({ model: new Uint8Array([1, 2, 3]) })).rejects.toMatchObject({
      name: 'SessionError',
      fault: 'model',
    });
    await expect(TensorSession.open({ model: doubled() }, { device: 'cuda' })).rejects.toMatchObject({
      fault: 'device',
    });
    const graph = new Graph('unknown');
    const x = graph.input('x', 'float32', [1]);
    graph.output('y', ops.emitOne('NoSuchOperator', [x], x));
    await expect(TensorSession.open({ model: serialiseGraph(graph) })).rejects.toMatchObject({
      fault: 'operator',
    });
    const unsupported = new Graph('unsupported');
    unsupported.output('y', ops.softplus(unsupported.input('x', 'float64', [1])));
    await expect(TensorSession.open({ model: serialiseGraph(unsupported) })).rejects.toMatchObject({
      fault: 'operator',
    });
    const session = await TensorSession.open({ model: doubled() });
    await expect(session.run({})).rejects.toThrow('missing: [x]');
    await expect(session.run({ x: rows(1, 2), w: rows(1, 2) })).rejects.toThrow('unknown: [w]');
    await expect(session.run({ x: rows(1, 2) }, ['w'])).rejects.toThrow('no output "w"');
    await expect(
      session.run({ x: { dtype: 'float32', shape: [3, 2], data: new Float32Array(2) } }),
    ).rejects.toThrow('"x"');
    await expect(
      session.run({ x: { dtype: 'float32', shape: [1, 3], data: new Float32Array(3) } }),
    ).rejects.toMatchObject({ fault: 'run' });
    await session.close();
    await expect(session.run({ x: rows(1, 2) })).rejects.toMatchObject({ fault: 'closed' });
  });
});

describe('SessionWorker', () => {
  it('leaves the event loop of the caller free while it runs', async () => {
    const worker = new SessionWorker();
    const session = await worker.open({ model: slowModel(200) }, { threads: 1 });
    let turns = 0;
    const loop = { runs: true };
    const run = session.run({ x: slowInput() }).finally(() => (loop.runs = false));
    // Were this thread blocked by the run, its loop would turn once or twice. A timer would wait for the clock as well.
    for (; loop.runs; turns++) await nextTurn();
    const { y } = await run;
    expect(y?.shape).toEqual([256, 256]);
    expect(turns).toBeGreaterThan(20);
    await worker.close();
  });

  it('serves several sessions, moves buffers, and reports profiles and errors', async () => {
    const worker = new SessionWorker();
    const first = await worker.open({ model: doubled() });
    const second = await worker.open({ model: slowModel(2) }, { profile: true });
    const x = rows(1, 2);
    const buffer = rows(0, 0);
    const [plain, other] = await Promise.all([
      first.run({ x }, { y: buffer }),
      second.run({ x: slowInput() }),
    ]);
    expect(numbers(plain['y'])).toEqual([2, 4]);
    expect(buffer.data.length).toBe(0);
    expect(x.data.length).toBe(2);
    expect(other['y']?.shape).toEqual([256, 256]);
    const again = await first.run({ x }, plain['y'] === undefined ? [] : { y: plain['y'] }, { move: true });
    expect(numbers(again['y'])).toEqual([2, 4]);
    expect(x.data.length).toBe(0);
    expect((await second.profile()).operators.map(({ name }) => name)).toContain('MatMul');
    await expect(first.run({})).rejects.toMatchObject({ name: 'SessionError', fault: 'run' });
    await first.close();
    await expect(first.run({ x: rows(1, 2) })).rejects.toMatchObject({ fault: 'closed' });
    const unfinished = second.run({ x: slowInput() });
    const ending = worker.close();
    await expect(unfinished).rejects.toMatchObject({ fault: 'closed' });
    await ending;
    await expect(worker.open({ model: doubled() })).rejects.toMatchObject({ fault: 'closed' });
  });

  it('is ended 500 times in the middle of runs, and its process lives on', async () => {
    const program = fileURLToPath(new URL('end-in-runs.ts', import.meta.url));
    const ended = await Promise.all(
      Array.from({ length: 2 }, async () => await promisify(execFile)(process.execPath, [program, '250'])),
    );
    // Ended by terminate(), a process goes down by SIGABRT within the first 40.
    expect(ended.map(({ stdout }) => stdout)).toEqual(['250\n', '250\n']);
  });
});
