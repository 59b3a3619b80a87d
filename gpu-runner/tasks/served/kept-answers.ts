/** Every answer of a server that a task has got: in memory, on this disk as it comes, in checkpoints for other machines. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { encodeProgress, startOf, workOf, type Work } from '../../algorithms/checkpoint.ts';
import type { RunHooks } from '../../algorithms/run-hooks.ts';
import { AnswersJournal, keptAnswer, type KeptAnswer } from './answers-journal.ts';

const stateSchema = z.strictObject({ answers: z.array(keptAnswer) });

/**
 * A checkpoint holds every answer, so that any runner goes on from it; it is written when so many and an eighth have come
 * since the last, which keeps the sum of all of them within nine times the last one.
 */
const FEWEST_BETWEEN_CHECKPOINTS = 32;
const SHARE_BETWEEN_CHECKPOINTS = 1 / 8;

/** What the answers of a task depend on beside the requests themselves. */
function contentOf({ kind, shard, seed, parameters, principle, baseModel, prompts, inputs }: ClaimedTask) {
  return {
    kind,
    shard,
    seed,
    parameters,
    affixPairs: principle?.affixPairs ?? null,
    model: baseModel.weightsSha256,
    prompts: prompts?.sha256 ?? null,
    inputs: inputs.map(({ name, sha256 }) => [name, sha256]),
  };
}

export class KeptAnswers {
  readonly #answers: Map<string, KeptAnswer>;
  readonly #journal: AnswersJournal;
  readonly #work: Work;
  readonly #save: RunHooks['checkpoint'];
  #checkpointAt: number;
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    answers: readonly KeptAnswer[],
    journal: AnswersJournal,
    work: Work,
    save: RunHooks['checkpoint'],
  ) {
    this.#answers = new Map(answers.map((answer) => [answer.key, answer]));
    this.#journal = journal;
    this.#work = work;
    this.#save = save;
    this.#checkpointAt = nextCheckpoint(this.#answers.size);
  }

  /**
   * What the task's checkpoint and this machine's disk hold.
   *
   * @throws CheckpointError for a checkpoint of other work; AnswersFileError
   */
  static async open(
    task: ClaimedTask,
    cacheDirectory: string,
    { checkpoint }: Pick<RunHooks, 'checkpoint'>,
    resume: Uint8Array | null,
  ): Promise<KeptAnswers> {
    const content = contentOf(task);
    const work = workOf('served-answers', 'tasks', [content], {});
    const { state } = await startOf(work, resume, stateSchema, { answers: [] });
    const name = createHash('sha256').update(canonicalJson(content)).digest('hex');
    const { journal, answers } = await AnswersJournal.open(path.join(cacheDirectory, 'served'), name);
    return new KeptAnswers([...state.answers, ...answers], journal, work, checkpoint);
  }

  get(key: string): KeptAnswer | undefined {
    return this.#answers.get(key);
  }

  /** Resolves when the answer outlives this process. @throws what made an earlier checkpoint fail */
  async keep(answer: KeptAnswer): Promise<void> {
    await this.#journal.append(answer);
    this.#answers.set(answer.key, answer);
    if (this.#answers.size < this.#checkpointAt) return;
    this.#checkpointAt = nextCheckpoint(this.#answers.size);
    const before = this.#saving;
    this.#saving = (async () => {
      await before;
      const step = this.#answers.size;
      const bytes = await encodeProgress(this.#work, step, { answers: [...this.#answers.values()] });
      await this.#save(step, bytes);
    })();
    await this.#saving;
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }
}

function nextCheckpoint(size: number): number {
  return size + Math.max(FEWEST_BETWEEN_CHECKPOINTS, Math.ceil(size * SHARE_BETWEEN_CHECKPOINTS));
}
