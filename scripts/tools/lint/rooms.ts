/** The rooms of the house, and the arrows between them: which folder may import which. */

/** A folder, and what the files in it may import besides each other. */
interface Room {
  /** Other rooms whose files may be imported. */
  readonly rooms: readonly string[];
  /** Modules and packages that must not be imported here, or below. */
  readonly without?: readonly string[];
}

const ENGINE = ['onnxruntime-node'];
/** What a room of pure work does not touch: files, network and the engine's own binding. */
const OUTSIDE = [...ENGINE, 'node:fs', 'node:http', 'node:https', 'node:net', 'undici'];

/** What every room of the model may import. */
const MODEL = ['shared', 'gpu-runner/files', 'gpu-runner/tensor', 'gpu-runner/llama/model'];
const BASE = [...MODEL, 'gpu-runner/llama/weights'];
const LLAMA = [...BASE, 'gpu-runner/llama/tokenizer', 'gpu-runner/llama/sampler', 'gpu-runner/llama/trainer'];
const DEVICES = [
  'gpu-runner/llama/backends',
  'gpu-runner/llama/backends/cpu',
  'gpu-runner/llama/backends/cuda',
];
const TASKS = [
  ...LLAMA,
  'gpu-runner/export',
  'gpu-runner/algorithms',
  'gpu-runner/served-model',
  'gpu-runner/tasks',
];

const STORE = ['shared', 'edge/domain', 'edge/store'];
const ORCHESTRATION = [...STORE, 'edge/scoring', 'edge/orchestration'];

/**
 * Every room by its folder. A file belongs to the room with the longest folder that holds it; a file in no room (the
 * tests, the configuration at the root) may import anything.
 */
const ROOMS: Readonly<Record<string, Room>> = {
  shared: { rooms: [], without: [...OUTSIDE, 'hono', 'drizzle-orm'] },

  'edge/domain': { rooms: ['shared'], without: ['hono', 'drizzle-orm'] },
  'edge/store': { rooms: STORE, without: ['hono'] },
  'edge/scoring': { rooms: STORE, without: ['hono', 'drizzle-orm'] },
  'edge/orchestration': { rooms: ORCHESTRATION, without: ['hono', 'drizzle-orm'] },
  'edge/http': { rooms: ORCHESTRATION, without: ['drizzle-orm'] },
  'edge/routes': { rooms: [...ORCHESTRATION, 'edge/http'], without: ['drizzle-orm'] },
  // What differs between Node and Workers, and the entries that put it together with the rest.
  'edge/hosts': { rooms: [...ORCHESTRATION, 'edge/http'] },
  edge: { rooms: [...ORCHESTRATION, 'edge/http', 'edge/routes', 'edge/hosts'] },
  'edge/dashboard': { rooms: ['shared'] },

  'gpu-runner/files': { rooms: ['shared'], without: ENGINE },
  'gpu-runner/rpc': { rooms: ['shared'], without: OUTSIDE },
  'gpu-runner/tensor': { rooms: ['shared', 'gpu-runner/rpc'] },
  'gpu-runner/llama/model': { rooms: MODEL, without: OUTSIDE },
  'gpu-runner/llama/tokenizer': { rooms: MODEL, without: ENGINE },
  'gpu-runner/llama/weights': { rooms: [...MODEL, 'gpu-runner/llama/tokenizer'], without: ENGINE },
  'gpu-runner/llama/backends/cpu': { rooms: BASE, without: ENGINE },
  'gpu-runner/llama/backends/cuda': { rooms: BASE, without: ENGINE },
  'gpu-runner/llama/backends': { rooms: [...BASE, ...DEVICES], without: ENGINE },
  'gpu-runner/llama/sampler': { rooms: MODEL, without: OUTSIDE },
  'gpu-runner/llama/trainer': { rooms: BASE, without: OUTSIDE },
  'gpu-runner/export': { rooms: [...BASE, 'gpu-runner/llama/tokenizer'], without: ENGINE },
  'gpu-runner/algorithms': { rooms: LLAMA, without: OUTSIDE },
  'gpu-runner/served-model': { rooms: ['shared'], without: ENGINE },
  'gpu-runner/tasks': { rooms: TASKS, without: ENGINE },
  'gpu-runner/runner': { rooms: [...TASKS, 'gpu-runner/rpc'], without: ENGINE },
  'gpu-runner/serve': { rooms: [...TASKS, 'gpu-runner/rpc', 'gpu-runner/runner'], without: ENGINE },
  'gpu-runner/models': { rooms: [...LLAMA, ...DEVICES, 'gpu-runner/export'], without: ENGINE },
  // The entries, which choose the device.
  'gpu-runner': {
    rooms: [...TASKS, ...DEVICES, 'gpu-runner/rpc', 'gpu-runner/runner', 'gpu-runner/serve'],
    without: ENGINE,
  },

  deploy: { rooms: ['shared'] },
  scripts: { rooms: ['shared'] },
};

/** An arrow that the table forbids and that stands all the same. */
interface Exception {
  /** A room or a file. */
  readonly from: string;
  /** A room, a file or a module. */
  readonly to: string;
  readonly why: string;
}

/** The programs of other rooms that `rlcd` calls. */
const CALLED = [
  'edge/serve.ts',
  'edge/dev.ts',
  'edge/maintenance/command.ts',
  'gpu-runner/main.ts',
  'gpu-runner/plan.ts',
  'gpu-runner/endpoint.ts',
];

const EXCEPTIONS: readonly Exception[] = [
  ...CALLED.map((to) => ({
    from: 'scripts/commands/commands.ts',
    to,
    why: 'the table of the commands loads a program when it is called',
  })),
  { from: 'scripts/rlcd.ts', to: 'package.json', why: 'the version stands there' },
];

/** The room that a file belongs to; undefined for a file in none. */
function roomOf(file: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => isWithin(file, room))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** Why `file` must not import `target`, both as paths from the root of the repository; undefined when it may. */
export function forbiddenFile(file: string, target: string): string | undefined {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === undefined || to === from || (to !== undefined && ROOMS[from]?.rooms.includes(to)))
    return undefined;
  return isException(file, target) ? undefined : messageOf(from, to ?? target);
}

/** Why `file` must not import the package or module `name`; undefined when it may. */
export function forbiddenModule(file: string, name: string): string | undefined {
  const from = roomOf(file);
  if (from === undefined || !ROOMS[from]?.without?.some((banned) => isWithin(name, banned))) return undefined;
  return isException(file, name) ? undefined : messageOf(from, name);
}

function isException(file: string, target: string): boolean {
  return EXCEPTIONS.some((one) => isWithin(file, one.from) && isWithin(target, one.to));
}

/** Whether a path or the name of a module is `place` or lies below it. */
function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

function messageOf(from: string, to: string): string {
  return `${from} must not import ${to}: the table in scripts/tools/lint/rooms.ts says which room may import which.`;
}
