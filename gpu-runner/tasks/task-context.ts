/** What a running task may use: its lease's content, the model, artifacts by hash, and the hooks of its algorithm. */
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { TaskKind, TaskResult } from '../../shared/api/tasks/kinds.ts';
import type { ARTIFACT_KINDS } from '../../shared/api/words.ts';
import type { RunHooks } from '../algorithms/run-hooks.ts';
import type { Model } from '../llama/weights/model.ts';
import { UserError } from '../../shared/user-error.ts';

type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

/** Bytes to store. */
export interface ArtifactBytes {
  readonly kind: ArtifactKind;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A file to store, of any length. */
export interface ArtifactFile extends Omit<ArtifactBytes, 'bytes'> {
  /** Its path, which stays until it is stored. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Artifacts by SHA-256; what is read was verified against its hash. */
interface ArtifactStore {
  readonly get: (sha256: string) => Promise<Uint8Array>;
  /** Resolves with the SHA-256 when the bytes are safe. */
  readonly put: (artifact: ArtifactBytes) => Promise<string>;
  /** Resolves when the file is safe; it is read in parts. */
  readonly putFile: (artifact: ArtifactFile) => Promise<void>;
}

/** Where the model runs. */
interface TaskDevice {
  readonly name: 'cpu' | 'cuda';
  /** Null where nobody says. */
  readonly memoryBytes: number | null;
}

export interface TaskContext<Kind extends TaskKind> {
  readonly task: Extract<ClaimedTask, { kind: Kind }>;
  readonly model: Model;
  readonly device: TaskDevice;
  readonly artifacts: ArtifactStore;
  readonly hooks: RunHooks;
  /** Where large files may lie while they are made. */
  readonly cacheDirectory: string;
  /** Bytes of the task's last checkpoint; null to start from the beginning. */
  readonly resume: Uint8Array | null;
}

export interface TaskOutcome<Kind extends TaskKind> {
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
  readonly result: TaskResult<Kind>;
}

export type TaskRun<Kind extends TaskKind> = (context: TaskContext<Kind>) => Promise<TaskOutcome<Kind>>;

/** The lease's content does not fit together: an input is missing, or of another form. */
export class TaskInputError extends UserError {
  override readonly name = 'TaskInputError';
  override readonly code = 'bad-input';
}

/** What inputs are read by, whatever the kind. */
export interface InputContext extends Pick<TaskContext<TaskKind>, 'artifacts'> {
  readonly task: Pick<ClaimedTask, 'id' | 'kind' | 'inputs'>;
}

/** An input's bytes. @throws TaskInputError if the task names no such input */
export async function inputBytes({ task, artifacts }: InputContext, name: string): Promise<Uint8Array> {
  const input = task.inputs.find((one) => one.name === name);
  if (input === undefined) {
    const names = task.inputs.map((one) => one.name).join(', ');
    throw new TaskInputError(
      `task ${task.id} (${task.kind}) has no input "${name}"; it has: ${names || 'none'}`,
    );
  }
  return await artifacts.get(input.sha256);
}

/** Inputs whose name begins so, in order of name: the outputs of shards. @throws TaskInputError if there is none */
export async function inputShards<Kind extends TaskKind>(
  { task, artifacts }: Pick<TaskContext<Kind>, 'task' | 'artifacts'>,
  prefix: string,
): Promise<Uint8Array[]> {
  const shards = task.inputs
    .filter(({ name }) => name.startsWith(prefix))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (shards.length === 0)
    throw new TaskInputError(`task ${task.id} (${task.kind}) has no input "${prefix}..."`);
  const bytes: Uint8Array[] = [];
  for (const { sha256 } of shards) bytes.push(await artifacts.get(sha256));
  return bytes;
}
