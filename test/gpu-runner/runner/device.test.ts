/** The choice of a device: what is missing is named with its package, and found when it is there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedLibrary } from './shared-library.ts';
import { createCommand, parseCommand } from '../../../shared/command-line/command.ts';
import { chooseDevice, deviceOption, missingCudaLibraries } from '../../../gpu-runner/runner/device.ts';

const engine = mkdtempSync(path.join(tmpdir(), 'rlcd-device-'));
afterAll(() => rmSync(engine, { recursive: true }));

describe('the libraries that CUDA needs', () => {
  it('are all told where none is there, each with what brings it', () => {
    const missing = missingCudaLibraries({ engine, isFound: () => false });
    const byName = new Map(missing.map(({ library, cure }) => [library, cure]));
    expect(byName.get('libonnxruntime_providers_cuda.so')).toContain('onnxruntime-node/script/install.js');
    expect(byName.get('libcudnn.so.9')).toContain('libcudnn9-cuda-12');
    expect(byName.get('libcublasLt.so.12')).toContain('libcublas-12');
    expect(byName.get('libcuda.so.1')).toContain('NVIDIA driver');
  });

  it('are those that the provider itself is linked with', () => {
    writeFileSync(path.join(engine, 'libonnxruntime_providers_shared.so'), '');
    // A name in its text alone is what another version would open: CUDA 13's provider speaks of libcudart.so.12.
    writeFileSync(
      path.join(engine, 'libonnxruntime_providers_cuda.so'),
      sharedLibrary(
        ['libcublasLt.so.13', 'libcudnn.so.9', 'libcudart.so.13', 'libm.so.6'],
        'libcudart.so.12',
      ),
    );
    const missing = missingCudaLibraries({ engine, isFound: (library) => library === 'libcudart.so.13' });
    expect(missing.map(({ library }) => library)).toEqual([
      'libcublasLt.so.13',
      'libcudnn.so.9',
      'libcuda.so.1',
    ]);
    expect(missingCudaLibraries({ engine, isFound: () => true })).toEqual([]);
  });

  it('cannot be told of a provider that is broken, which is no reason to go on without it', () => {
    writeFileSync(path.join(engine, 'libonnxruntime_providers_cuda.so'), 'half a download');
    expect(() => missingCudaLibraries({ engine, isFound: () => true })).toThrow(
      /providers_cuda\.so is cut short: install it again \(node .*install\.js --\S+=cuda12\), or run with --device cpu/,
    );
  });
});

describe('the choice', () => {
  const lacking = () => [{ library: 'libcudnn.so.9', cure: 'apt package libcudnn9-cuda-12' }];

  it('auto takes CUDA where it is complete, and says what is missing where not', () => {
    expect(chooseDevice('auto', () => []).device).toBe('cuda');
    const { device, reason } = chooseDevice('auto', lacking);
    expect(device).toBe('cpu');
    expect(reason).toContain('libcudnn.so.9 (apt package libcudnn9-cuda-12)');
  });

  it('says nothing of CUDA where no card is', () => {
    const { device, reason } = chooseDevice('auto', () => [
      ...lacking(),
      { library: 'libcuda.so.1', cure: 'the NVIDIA driver' },
    ]);
    expect([device, reason]).toEqual(['cpu', 'no card is here']);
  });

  it('does not fall back from what was asked for', () => {
    expect(() => chooseDevice('cuda', lacking)).toThrow(/--device cuda: missing is libcudnn\.so\.9/);
    expect(chooseDevice('cpu', lacking).device).toBe('cpu');
  });

  it('knows three words', async () => {
    const command = createCommand('x', '')
      .addOption(deviceOption())
      .action(() => {});
    await parseCommand(command, ['--device', 'auto']);
    expect(command.opts().device).toBe('auto');
    const allowed = /'--device <device>'.*Allowed choices are auto, cpu, cuda/;
    await expect(parseCommand(command, ['--device', 'gpu'])).rejects.toThrow(allowed);
    await expect(parseCommand(command, ['--device', 'webgpu'])).rejects.toThrow(allowed);
  });
});
