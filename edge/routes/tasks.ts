/** Tasks: what a runner says, and what people see of it. */
import { ARTIFACT_DAMAGED } from '../../shared/api/artifacts.ts';
import { BAD_CHECKPOINT } from '../../shared/api/tasks.ts';
import type { ClaimedTask, taskEndpoints } from '../../shared/api/tasks.ts';
import { requiredOutputs, taskSchemas, type TaskKind } from '../../shared/api/tasks/kinds.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Call, Handlers } from '../http/handler.ts';
import { dropIfDamaged, dropUnreadable, type Checkpointed } from '../orchestration/checkpoints.ts';
import { ingestOutputs } from '../orchestration/ingest.ts';
import { advanceUnplanned } from '../orchestration/advance.ts';
import { sweep } from '../orchestration/sweep.ts';
import type { TaskSpecification } from '../domain/task-key.ts';
import { fromIssues, invalidRequest, notFound } from '../domain/errors.ts';
import { insertAuditRecord } from '../store/audit.ts';
import { createIdentifier } from '../store/identifier.ts';
import { checkpointTask } from '../store/leases/checkpoint.ts';
import { claimTask, type ClaimedRow } from '../store/leases/claim.ts';
import { completeTask, isCompletedBy, requireOutputs } from '../store/leases/complete.ts';
import { failTask, isFailedBy } from '../store/leases/fail.ts';
import { LEASE_MILLISECONDS, leaseLost, type Holder } from '../domain/lease.ts';
import { requireLease } from '../store/leases/lease.ts';
import { reportTask } from '../store/leases/report.ts';
import { findTask, findTaskDetail, listTasks } from '../store/task-views.ts';

/** How long an idle runner waits before it asks again. */
const RETRY_SECONDS = 2;

function toClaimedTask(row: ClaimedRow): ClaimedTask {
  const { kind: _, ...specification } = JSON.parse(row.specification) as TaskSpecification;
  const {
    checkpointSha256: sha256,
    checkpointBytes: bytes,
    checkpointStep: step,
    checkpointEpoch: epoch,
  } = row;
  const resumes = sha256 !== null && bytes !== null && step !== null && epoch !== null;
  return {
    ...specification,
    kind: row.kind,
    id: row.id,
    epoch: row.epoch,
    leaseSeconds: LEASE_MILLISECONDS / 1000,
    leaseUntil: row.leaseExpiresAt,
    experimentId: row.experimentId,
    stage: row.stage,
    checkpoint: resumes ? { sha256, bytes, step, epoch } : null,
    engineVersion: row.engineVersion,
    // The schema of the answer checks it against the kind's parameters.
  } as ClaimedTask;
}

function checkpointOf({ id, checkpointSha256, checkpointStep }: ClaimedRow): Checkpointed {
  return { taskId: id, sha256: checkpointSha256, step: checkpointStep };
}

/** @throws DomainError `invalid-request` where the result has not the form of the kind, or an output is missing */
function checkCompletion(
  kind: TaskKind,
  { outputs, result }: { outputs: readonly { name: string }[]; result: Record<string, unknown> },
): void {
  const checked = taskSchemas[kind].result.safeParse(result);
  if (!checked.success) {
    throw fromIssues(
      'body',
      checked.error.issues.map((issue) => ({ ...issue, path: ['result', ...issue.path] })),
    );
  }
  const missing = requiredOutputs(kind, checked.data).filter(
    (name) => !outputs.some((output) => output.name === name),
  );
  if (missing.length === 0) return;
  throw invalidRequest(
    missing.map((name) => ({
      in: 'body',
      pointer: '#/outputs',
      detail: `${kind} must have the output ${name}`,
    })),
  );
}

export function taskHandlers({
  database,
  blobs,
  scoringKernel,
  hearing,
}: Dependencies): Handlers<typeof taskEndpoints> {
  const store = { database, blobs };

  /** What its holder sees of a task that it has just ended, unless it was deleted meanwhile. @throws DomainError `lease-lost` */
  async function viewOfEnded(holder: Holder, now: number) {
    const view = await findTask(database, holder.taskId, now);
    if (!view) throw leaseLost(holder);
    return view;
  }

  const recordOf = (
    action: 'completeTask' | 'failTask',
    { taskId }: Holder,
    { principal, address, now }: Call,
  ) =>
    insertAuditRecord(database, {
      id: createIdentifier(now),
      keyId: principal.keyId,
      keyName: principal.name,
      action,
      object: `tasks/${taskId}`,
      address: address(),
      createdAt: now,
    });

  return {
    async claimTask({ body }, { principal, now, address }) {
      const request = { ...body, keyId: principal.keyId, address: address() };
      let row = await claimTask(database, request, now);
      if (!row && (await sweep({ database, hearing }, now))) row = await claimTask(database, request, now);
      // At most two checkpoints are kept; the repeated claim finds the same lease with what is left.
      while (row && (await dropIfDamaged(store, checkpointOf(row), now))) {
        row = await claimTask(database, request, now);
      }
      return { body: { task: row ? toClaimedTask(row) : null, retryAfterSeconds: RETRY_SECONDS } };
    },

    async reportTask({ parameters, body }, { principal, now }) {
      const holder = { ...parameters, epoch: body.epoch, keyId: principal.keyId };
      return { body: await reportTask(database, holder, body, now) };
    },

    async checkpointTask({ parameters, body }, { principal, now }) {
      const holder = { ...parameters, epoch: body.epoch, keyId: principal.keyId };
      return { body: await checkpointTask(database, holder, body, now) };
    },

    async completeTask({ parameters, body }, call) {
      const { principal, now } = call;
      const holder: Holder = { ...parameters, epoch: body.epoch, keyId: principal.keyId };
      if (!(await isCompletedBy(database, holder))) {
        const { kind } = await requireLease(database, holder);
        checkCompletion(kind, body);
        await requireOutputs(database, parameters.taskId, body.outputs);
        const rows = await ingestOutputs(
          store,
          { ...parameters, kind, outputs: body.outputs },
          scoringKernel,
          now,
        );
        const record = recordOf('completeTask', holder, call);
        await completeTask(database, holder, body, [...rows, record], now);
      }
      await advanceUnplanned(database, now);
      return { body: await viewOfEnded(holder, now) };
    },

    async failTask({ parameters, body }, call) {
      const { principal, now } = call;
      const holder = { ...parameters, epoch: body.epoch, keyId: principal.keyId };
      if (!(await isFailedBy(database, holder, body.reason.code))) {
        const { checkpointSha256: sha256, checkpointStep: step } = await requireLease(database, holder);
        if (body.reason.code === ARTIFACT_DAMAGED) {
          await dropIfDamaged(store, { ...parameters, sha256, step }, now, true);
        } else if (body.reason.code === BAD_CHECKPOINT) {
          await dropUnreadable(store, { ...parameters, sha256, step }, now);
        }
        await failTask(database, holder, body, now, [recordOf('failTask', holder, call)]);
      }
      await advanceUnplanned(database, now);
      return { body: await viewOfEnded(holder, now) };
    },

    async listTasks({ query }, { now }) {
      return { body: await listTasks(database, query, now) };
    },

    async getTask({ parameters }, { now }) {
      const view = await findTask(database, parameters.taskId, now);
      const detail = await findTaskDetail(database, parameters.taskId);
      if (!view || !detail) throw notFound(`task ${parameters.taskId}`);
      return { body: { ...view, ...detail } };
    },
  };
}
