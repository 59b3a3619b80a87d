/** Asks the engine one question in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import {
  ENGINE_QUESTIONS,
  engineReply,
  type AnswerOf,
  type EngineQuestion,
  type QuestionOf,
} from '../../shared/engine-questions.ts';
import { UserError } from '../../shared/user-error.ts';
import { REPOSITORY } from './child.ts';

/**
 * What the engine tells while it works, such as a download's progress, goes to standard error.
 *
 * @param signal ends the process
 * @throws UserError with the engine's own words where a person can mend it
 */
export async function askEngine<Name extends EngineQuestion>(
  name: Name,
  question: QuestionOf<Name>,
  signal?: AbortSignal,
): Promise<AnswerOf<Name>> {
  const child = spawn(process.execPath, ['gpu-runner/answer.ts', name], {
    cwd: REPOSITORY,
    stdio: ['pipe', 'pipe', 'inherit'],
    signal,
  });
  child.stdin.end(JSON.stringify(question));
  const [reply, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (exitCode !== 0) throw new Error(`the engine did not answer ${name}: it ended with ${String(exitCode)}`);
  const parsed = engineReply.parse(JSON.parse(reply));
  if ('fault' in parsed) throw new UserError(parsed.fault);
  return ENGINE_QUESTIONS[name].answer.parse(parsed.answer) as AnswerOf<Name>;
}
