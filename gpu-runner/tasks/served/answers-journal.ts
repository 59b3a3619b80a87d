/** Answers of a server on this machine's disk, one a line, each there before it counts: what was paid for is asked once. */
import { mkdir, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../../../shared/caught.ts';
import { UserError } from '../../../shared/user-error.ts';

const tokens = z.strictObject({ input: z.int().nonnegative(), output: z.int().nonnegative() });

export const keptAnswer = z.strictObject({
  /** SHA-256 of the request, its seed and its index. */
  key: z.string(),
  /** What was read from the answer; its form is the question's. */
  value: z.unknown(),
  tokens: tokens.nullable(),
  retries: z.int().nonnegative(),
});
export type KeptAnswer = z.output<typeof keptAnswer>;

/** The folder's file holds something that no runner wrote. */
class AnswersFileError extends UserError {
  override readonly name = 'AnswersFileError';
  override readonly code = 'bad-input';
}

/** The answers of one piece of work. */
export class AnswersJournal {
  readonly #file: FileHandle;
  #written: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * @param name of the work: equal work has an equal name
   * @returns the journal, and what it holds; an end that was cut off by a kill is gone
   * @throws AnswersFileError naming file and line
   */
  static async open(
    folder: string,
    name: string,
  ): Promise<{ readonly journal: AnswersJournal; readonly answers: readonly KeptAnswer[] }> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.jsonl`);
    const bytes = await readFile(path).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return Buffer.alloc(0);
      throw error;
    });
    const whole = bytes.lastIndexOf(0x0a) + 1;
    const lines = bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
    const answers = lines.map((line, index) => {
      const parsed = keptAnswer.safeParse(jsonOf(line));
      if (parsed.success) return parsed.data;
      throw new AnswersFileError(`${path}: line ${index + 1} is no answer that a runner kept`, {
        cure: 'Remove the file: what it held is asked again',
      });
    });
    if (whole < bytes.length) await truncate(path, whole);
    return { journal: new AnswersJournal(await open(path, 'a', 0o600)), answers };
  }

  /** Resolves when the answer is on the disk. */
  async append(answer: KeptAnswer): Promise<void> {
    const before = this.#written;
    this.#written = (async () => {
      await before;
      await this.#file.appendFile(`${JSON.stringify(answer)}\n`);
      await this.#file.datasync();
    })();
    await this.#written;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
