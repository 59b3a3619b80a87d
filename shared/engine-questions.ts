/** What a program asks of the engine beside tasks: `gpu-runner/answer.ts` reads one question and writes one answer, as JSON. */
import { z } from 'zod';
import { openedModel } from './api/base-models.ts';
import { modelShape } from './api/memory-plans.ts';
import { trainingMeasurement } from './api/tasks/look.ts';
import { promptForm, samplingFields } from './api/tasks/settings.ts';
import { classifierReport } from './classifier/classifier-report.ts';
import { baseFactsForm } from './export/base-facts.ts';
import { exportForm, quantisation } from './export/forms.ts';
import { contrastMeasurement, contrastSettings } from './principles/contrast.ts';

/** A base model where it lies, and the folder in which conversions of models are kept. */
const model = { source: z.string(), cache: z.string() };

/** Speeds of this machine with a model. */
const rates = z.object({
  /** Tokens a second. */
  sampled: z.number(),
  read: z.number(),
  trained: z.number(),
  /** What a task costs before its first token: opening the engine. */
  secondsPerTask: z.number(),
  /** How long the measurement took. */
  measuredSeconds: z.number(),
});
export type Rates = z.infer<typeof rates>;

/** One thing that was looked at on a machine. */
const check = z.object({
  name: z.string(),
  /** `failed` where the main job cannot run without it. */
  status: z.enum(['passed', 'warning', 'failed']),
  /** What was found. */
  found: z.string(),
  /** What to do about it; null where it passed. */
  cure: z.string().nullable(),
});
export type Check = z.infer<typeof check>;

/** Every question by its name, with the form of the question and of its answer. */
export const ENGINE_QUESTIONS = {
  /** The body with which a base model is registered at the edge. */
  'describe-model': {
    question: z.strictObject({ ...model, name: z.string() }),
    answer: openedModel,
  },
  /** How fast the engine is with a model, and how long some texts are in its tokens (their mean). */
  'measure-speed': {
    question: z.strictObject({ ...model, texts: z.array(z.string()) }),
    answer: z.object({ rates, meanTokens: z.number(), shape: modelShape, sampleRows: z.int() }),
  },
  /** What affixes do to a model's answers: each contrast is measured on the same prompts. */
  'measure-contrasts': {
    question: z.strictObject({
      ...model,
      contrasts: z.array(contrastSettings),
      sampling: z.strictObject({ ...samplingFields, bannedTexts: z.array(z.string()) }),
      prompts: z.array(z.string()),
      seed: z.int().nonnegative(),
    }),
    answer: z.array(contrastMeasurement),
  },
  /** How fast the engine trains with a model on texts of so many tokens, and how long prompts are in a form. */
  'measure-training': {
    question: z.strictObject({
      ...model,
      form: promptForm,
      texts: z.array(z.string()),
      answerTokens: z.int(),
    }),
    answer: trainingMeasurement,
  },
  /** Tokens of both texts of each pair, with what they begin with once; null where a preference model leaves the pair out. */
  'measure-pairs': {
    question: z.strictObject({
      ...model,
      form: promptForm,
      pairs: z.array(z.object({ prompt: z.string(), chosen: z.string(), rejected: z.string() })),
      maximumLength: z.int().positive(),
    }),
    answer: z.array(z.int().nullable()),
  },
  /** Affix pairs that a chat model names for a sentence: those of its answers that hold one. */
  'propose-affixes': {
    question: z.strictObject({
      ...model,
      sentence: z.string(),
      answers: z.int().positive(),
      seed: z.int().nonnegative(),
    }),
    answer: z.array(z.object({ positive: z.string(), negative: z.string(), by: z.literal('model') })),
  },
  /** Whether preference models, files of adapters, score the better response of each pair higher: 1, 0.5 or 0. */
  agreement: {
    question: z.strictObject({
      ...model,
      form: promptForm,
      pairs: z.array(z.object({ prompt: z.string(), better: z.string(), worse: z.string() })),
      preferenceModels: z.array(z.string()),
    }),
    answer: z.array(z.array(z.number())),
  },
  /** Writes a model, or an adapter alone, into a folder that is there and empty. */
  'export-model': {
    question: z.strictObject({
      ...model,
      form: exportForm,
      quantisation,
      /** What a GGUF calls itself. */
      name: z.string(),
      /** Null for the base alone. */
      adapterFile: z.string().nullable(),
      facts: baseFactsForm,
      folder: z.string(),
    }),
    answer: z.object({}),
  },
  /** Makes a text classifier of a sentence encoder and labelled texts, in a folder that is there and empty. */
  'make-classifier': {
    question: z.strictObject({
      /** The encoder's folder. */
      encoder: z.string(),
      folder: z.string(),
      /** Each text once: what is held out must not stand in the rest. */
      texts: z.array(z.strictObject({ text: z.string(), positive: z.boolean() })),
      /** Of the texts that are not positive, and of those that are. */
      labels: z.tuple([z.string(), z.string()]),
      seed: z.int().nonnegative(),
    }),
    answer: classifierReport,
  },
  /** What the engine finds on this machine. */
  check: { question: z.strictObject({ device: z.enum(['auto', 'cuda']) }), answer: z.array(check) },
} as const;

type Questions = typeof ENGINE_QUESTIONS;
export type EngineQuestion = keyof Questions;
export type QuestionOf<Name extends EngineQuestion> = z.output<Questions[Name]['question']>;
export type AnswerOf<Name extends EngineQuestion> = z.output<Questions[Name]['answer']>;

/** What is written: the answer, or why there is none where a person can mend it. */
export const engineReply = z.union([z.object({ answer: z.unknown() }), z.object({ fault: z.string() })]);
