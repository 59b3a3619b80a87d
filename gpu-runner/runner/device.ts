/** Which device the runner works on, and why: what CUDA needs is looked for by name, and what is missing is told with its package. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { neededLibraries } from './elf-needed.ts';
import { messageOf } from '../../shared/caught.ts';
import { ConfigurationError } from '../../shared/read-variables.ts';

/** What `--device` takes. */
const DEVICE_CHOICES = ['auto', 'cpu', 'cuda'] as const;

type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** What the engine runs on, and the reason in a sentence. */
export interface ChosenDevice {
  readonly device: 'cpu' | 'cuda';
  readonly reason: string;
}

/** A library that is not there, and what brings it. */
interface MissingLibrary {
  readonly library: string;
  readonly cure: string;
}

const INSTALL = 'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12';

/** What a machine with a card has. */
export const DRIVER = 'libcuda.so.1';

/** What the CUDA provider links against when it is there to be asked; CUDA 12 and cuDNN 9 otherwise. */
const USUAL = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcurand.so.10',
  'libcufft.so.11',
  'libcudnn.so.9',
];

const PACKAGES: readonly (readonly [pattern: RegExp, cure: (version: string) => string])[] = [
  [/^libcudart\.so\.(\d+)/, (version) => `apt package cuda-cudart-${version}-*`],
  [/^libcublas(?:Lt)?\.so\.(\d+)/, (version) => `apt package libcublas-${version}-*`],
  [/^libcurand\.so\.(\d+)/, () => 'apt package libcurand-12-*, or -13-* with CUDA 13'],
  [/^libcufft\.so\.(\d+)/, (version) => `apt package libcufft-${Number(version) + 1}-*`],
  [/^libcudnn\.so\.(\d+)/, (version) => `apt package libcudnn${version}-cuda-12, or -13 with CUDA 13`],
  [
    /^libcuda\.so\.1$/,
    () => 'the NVIDIA driver; in a container, the NVIDIA Container Toolkit and --gpus all',
  ],
];

/** Where libraries are looked for, which a test replaces. */
interface LibraryPlaces {
  /** folder of the engine's binding */
  readonly engine: string;
  /** whether the system's loader finds a library of this name */
  readonly isFound: (library: string) => boolean;
}

/** The libraries that CUDA needs and that are not here; empty when it can be tried. */
export function missingCudaLibraries(places: LibraryPlaces = systemPlaces()): MissingLibrary[] {
  const provider = path.join(places.engine, 'libonnxruntime_providers_cuda.so');
  const engineLibraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so']
    .filter((library) => !existsSync(path.join(places.engine, library)))
    .map((library) => ({ library, cure: INSTALL }));
  const needed = existsSync(provider) ? linkedWith(provider).filter(isOfCuda) : USUAL;
  const system = [...needed, DRIVER]
    .filter((library) => !places.isFound(library))
    .map((library) => ({ library, cure: cureOf(library) }));
  return [...engineLibraries, ...system];
}

function linkedWith(provider: string): string[] {
  try {
    return neededLibraries(provider);
  } catch (error) {
    const fault = messageOf(error);
    throw new ConfigurationError(`${fault}: install it again (${INSTALL}), or run with --device cpu`, {
      cause: error,
    });
  }
}

/** Whether what the provider is linked with comes from CUDA; the driver is looked for in any case. */
function isOfCuda(library: string): boolean {
  return /^lib(?:cudart|cublasLt|cublas|curand|cufft|cudnn|nvrtc)\.so\.\d+/.test(library);
}

function cureOf(library: string): string {
  for (const [pattern, cure] of PACKAGES) {
    const match = pattern.exec(library);
    if (match !== null) return cure(match[1] ?? '');
  }
  return 'the CUDA toolkit';
}

function systemPlaces(): LibraryPlaces {
  const folders = [
    ...(process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== ''),
    '/usr/local/cuda/lib64',
    '/usr/local/nvidia/lib64',
    '/usr/lib/x86_64-linux-gnu',
  ];
  let cache: string | undefined;
  const isFound = (library: string): boolean => {
    cache ??= loaderCache();
    return (
      cache.includes(`\t${library} `) || folders.some((folder) => existsSync(path.join(folder, library)))
    );
  };
  return { engine: engineFolder(), isFound };
}

/** What the system's loader knows; nothing where it has no list. */
function loaderCache(): string {
  const program = ['/sbin/ldconfig', '/usr/sbin/ldconfig'].find((file) => existsSync(file));
  return program === undefined ? '' : execFileSync(program, ['-p'], { encoding: 'utf8' });
}

/** Folder of the engine's native binding for this platform. */
function engineFolder(): string {
  const root = path.join(
    path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node')),
    '..',
    'bin',
  );
  const [api = ''] = existsSync(root) ? readdirSync(root) : [];
  return path.join(root, api, process.platform, process.arch);
}

/**
 * The device for a choice.
 *
 * @throws ConfigurationError where the device that was asked for cannot be used, naming what is missing
 */
export function chooseDevice(choice: DeviceChoice, missing = missingCudaLibraries): ChosenDevice {
  if (choice === 'cpu') return { device: 'cpu', reason: 'as asked' };
  const lacking = missing();
  if (lacking.length === 0)
    return { device: 'cuda', reason: choice === 'cuda' ? 'as asked' : 'CUDA is complete' };
  const list = lacking.map(({ library, cure }) => `${library} (${cure})`).join('; ');
  if (choice === 'cuda') throw new ConfigurationError(`--device cuda: missing is ${list}`);
  // Where no card is, nobody wants to read what CUDA would take; rlcd doctor --device cuda tells it.
  if (lacking.some(({ library }) => library === DRIVER)) return { device: 'cpu', reason: 'no card is here' };
  return { device: 'cpu', reason: `CUDA is not complete, missing is ${list}` };
}

/** `--device` of every command that computes. */
export const deviceOption = () =>
  new Option(
    '--device <device>',
    'where to compute; auto takes CUDA where it is complete, and says what is missing where a card is',
  )
    .choices(DEVICE_CHOICES)
    .default('auto' as const);
