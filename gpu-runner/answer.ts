/** Answers one question to the engine: the question from standard input, the answer to standard output (shared/engine-questions.ts). */
import { json } from 'node:stream/consumers';
import {
  ENGINE_QUESTIONS,
  type AnswerOf,
  type EngineQuestion,
  type QuestionOf,
} from '../shared/engine-questions.ts';
import { UserError } from '../shared/user-error.ts';

type Answers = {
  readonly [Name in EngineQuestion]: () => Promise<(question: QuestionOf<Name>) => Promise<AnswerOf<Name>>>;
};

/** Each is loaded only when it is asked for. */
const ANSWERS: Answers = {
  'describe-model': async () => {
    const { describeModel } = await import('./tasks/open-base-model.ts');
    return async ({ name, source, cache }) => await describeModel(name, source, cache);
  },
  'measure-speed': async () => (await import('./answers/measure-speed.ts')).measureSpeed,
  'measure-contrasts': async () => (await import('./answers/measure-contrasts.ts')).measureContrasts,
  'measure-training': async () => (await import('./answers/measure-training.ts')).measureTrainingOf,
  'measure-pairs': async () => (await import('./answers/measure-pairs.ts')).measurePairs,
  'propose-affixes': async () => (await import('./answers/propose-affixes.ts')).proposeAffixes,
  agreement: async () => (await import('./answers/agreement.ts')).agreement,
  'export-model': async () => (await import('./answers/export-model.ts')).exportModel,
  'make-classifier': async () => (await import('./answers/make-classifier.ts')).makeClassifier,
  check: async () => (await import('./answers/check.ts')).check,
};

async function answer<Name extends EngineQuestion>(name: Name, asked: unknown): Promise<AnswerOf<Name>> {
  const question = ENGINE_QUESTIONS[name].question.parse(asked) as QuestionOf<Name>;
  const load: Answers[Name] = ANSWERS[name];
  return await (
    await load()
  )(question);
}

const name = Object.keys(ENGINE_QUESTIONS).find((one) => one === process.argv[2]) as
  EngineQuestion | undefined;
if (name === undefined) throw new Error(`there is no question ${process.argv[2]}`);
try {
  process.stdout.write(JSON.stringify({ answer: await answer(name, await json(process.stdin)) }));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(JSON.stringify({ fault: error.message }));
}
