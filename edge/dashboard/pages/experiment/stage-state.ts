/** A stage's state as people mean it: a stage is open as soon as its tasks may be taken, but runs only while one is. */
import type { Stage } from '../../app/types.ts';

/** @returns its status, `queued` where it is open and every task that has not ended waits for a runner */
export function stateOf({ status, tasks }: Pick<Stage, 'status' | 'tasks'>): Stage['status'] | 'queued' {
  const open = tasks.filter((task) => task.status === 'queued' || task.status === 'leased');
  const waits = open.length > 0 && open.every((task) => task.status === 'queued');
  return status === 'running' && waits ? 'queued' : status;
}

/** Why it stands still, for people; empty where it does not. */
export function whyOf({
  statusReason,
  waitsFor,
  tasks,
}: Pick<Stage, 'statusReason' | 'waitsFor' | 'tasks'>): string {
  return statusReason ?? waitsFor ?? tasks.find((task) => task.waitsFor !== null)?.waitsFor ?? '';
}
