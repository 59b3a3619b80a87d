/** Two of everything that a run leaves behind: samples, metrics, launches. */
import { createIdentifier } from '../../../edge/store/identifier.ts';
import { launches, metricChunks, samples } from '../../../edge/store/schema/index.ts';
import type { Harness } from '../harness.ts';

export async function populateRuns({ database }: Harness, taskId: string): Promise<void> {
  for (const row of [0, 1]) {
    const texts = { promptId: '0', prompt: 'a', response: 'b' };
    await database.insert(samples).values({ taskId, step: 1, row, ...texts, score: 1, createdAt: 1 });
    const bucket = { minimumStep: 1, minimum: 1, maximumStep: 1, maximum: 1 };
    await database
      .insert(metricChunks)
      .values({ taskId, name: 'objective/kl', window: row, count: 1, buckets: [bucket], points: [[1, 1]] });
  }
  for (const outcome of ['launched', 'launched', 'skipped', 'skipped'] as const) {
    const counts = { queuedTasks: 1, liveRunners: 0, createdAt: 1 };
    await database
      .insert(launches)
      .values({ id: createIdentifier(1), launcher: 'dry-run', outcome, reason: 'test', ...counts });
  }
}
