/** Exports that hold the base's weights: the task that makes one, begun when it is first asked for. */
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import type { TaskView } from '../../shared/api/tasks.ts';
import { exportParameters, exportResult } from '../../shared/api/tasks/export.ts';
import { exportBytes, MAXIMUM_EXPORT_BYTES } from '../../shared/export/export-size.ts';
import type { ModelForm, Quantisation } from '../../shared/export/forms.ts';
import { gigabytes } from '../../shared/planner/plan.ts';
import { conflict } from '../domain/errors.ts';
import { taskKey, type TaskBaseModel, type TaskSpecification } from '../domain/task-key.ts';
import { commit, type Database } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { findTask, findTaskDetail } from '../store/task-views.ts';
import { findByKeys, insertTask } from '../store/tasks.ts';

/** Somebody waits for the files: before every stage. */
const PRIORITY = 0;
/** One that failed is tried again by whoever asks so much later. */
const RETRY_AFTER_MS = 60_000;

export interface WantedExport {
  readonly experimentId: string;
  readonly form: ModelForm;
  readonly quantisation: Quantisation;
  /** What the files call the model. */
  readonly name: string;
  readonly baseModel: TaskBaseModel;
  readonly parameterCount: number;
  /** Null for the base alone. */
  readonly adapter: { readonly sha256: string; readonly bytes: number } | null;
  /** The command that writes it without the edge. */
  readonly command: string;
}

interface MadeFile {
  readonly name: string;
  readonly sha256: string;
}

export type ExportState =
  | { readonly made: readonly MadeFile[] }
  | { readonly task: Pick<TaskView, 'id' | 'status' | 'waitsFor' | 'progress'> };

/**
 * The files of an export, or the task that makes them; equal exports share one.
 *
 * @throws DomainError `conflict` where it is too large to be kept, or could not be made
 */
export async function exportOf(database: Database, wanted: WantedExport, now: number): Promise<ExportState> {
  const specification = specify(wanted);
  const contentKey = taskKey(specification, ENGINE_VERSION);
  for (;;) {
    const [known] = await findByKeys(database, [contentKey]);
    const task = known && (await findTask(database, known.id, now));
    if (task?.status === 'succeeded') return { made: await filesOf(database, task.id) };
    if (task?.status === 'queued' || task?.status === 'leased') return { task };
    if (task?.status === 'failed' && now - (task.finishedAt ?? now) < RETRY_AFTER_MS) {
      throw conflict(
        `The export failed: ${known?.failure ?? 'no reason is known'}. Asked for again after a minute it is tried again`,
      );
    }
    const added = {
      id: createIdentifier(now),
      contentKey,
      specification,
      engineVersion: ENGINE_VERSION,
      experimentId: wanted.experimentId,
      stage: 'export',
      priority: PRIORITY,
    };
    await commit(database, insertTask(database, added, now));
  }
}

/** @throws DomainError `conflict` naming the size, and the command that writes it all the same */
function specify({ form, name, baseModel, adapter, ...wanted }: WantedExport): TaskSpecification {
  const quantisation = form === 'merged' ? null : wanted.quantisation;
  const bytes = exportBytes(wanted.parameterCount, { form, quantisation });
  if (bytes > MAXIMUM_EXPORT_BYTES) {
    throw conflict(
      `${form} of ${baseModel.name} takes ${gigabytes(bytes)}, and at most ${gigabytes(MAXIMUM_EXPORT_BYTES)} leave over ` +
        `HTTP. Write it where the base lies: ${wanted.command}`,
    );
  }
  return {
    kind: 'export',
    shard: { index: 0, count: 1 },
    seed: 0,
    parameters: exportParameters.parse({ form, quantisation, name }),
    principle: null,
    baseModel,
    prompts: null,
    inputs: adapter === null ? [] : [{ name: 'adapter', ...adapter }],
  };
}

async function filesOf(database: Database, taskId: string): Promise<MadeFile[]> {
  const detail = await findTaskDetail(database, taskId);
  const { files } = exportResult.parse(detail?.result);
  return files.map(({ output, name }) => {
    const made = detail?.outputs.find((one) => one.name === output);
    if (!made) throw new Error(`task ${taskId} has no output ${output}`);
    return { name, sha256: made.sha256 };
  });
}
