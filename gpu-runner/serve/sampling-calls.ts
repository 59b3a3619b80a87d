/** What the server, which talks to clients, and the process that samples for it ask of each other. */
import type { ChatMessage } from '../llama/tokenizer/chat-template.ts';

/** A model to be served: a base, alone or under an adapter. */
export interface ServedModel {
  /** `bundled`, a path or a hub id. */
  readonly source: string;
  /** What the base must be; null where nobody says. */
  readonly identity: string | null;
  /** A file of an adapter's bytes, as a runner makes them. */
  readonly adapterFile: string | null;
}

/** What is to be sampled. */
export interface SamplingJob {
  /** Made by the server; tells the deltas of jobs apart. */
  readonly id: string;
  readonly model: ServedModel;
  readonly prompt: { readonly messages: readonly ChatMessage[] } | { readonly text: string };
  /** Answers side by side. */
  readonly choices: number;
  /** Null: as many as there is room for, up to {@link USUAL_NEW_TOKENS}. */
  readonly maximumNewTokens: number | null;
  readonly seed: number;
  /** 0: always the likeliest token. */
  readonly temperature: number;
  readonly topP: number;
  /** Texts that end an answer and are no part of it. */
  readonly stops: readonly string[];
}

/** What is to be read. */
export interface ReadingJob extends Pick<SamplingJob, 'model' | 'prompt'> {
  /** What is said behind the prompt, whoever said it. */
  readonly answer: string;
}

/** An answer's limit where the client sets none. */
export const USUAL_NEW_TOKENS = 512;

/** A token as text, with its log-probability: of a drawn one, under the distribution that it was drawn from. */
export interface SpokenToken {
  readonly text: string;
  readonly logProbability: number;
}

/** What one answer has more than before. */
export interface Delta {
  readonly choice: number;
  readonly text: string;
  readonly tokens: readonly SpokenToken[];
  /** Null while it goes on. */
  readonly finish: 'stop' | 'length' | null;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What the sampling process is asked. */
export interface SamplingCalls {
  /** Loads a model, so that faults are told before anything is answered. Whether it has a chat template. */
  open(model: ServedModel): Promise<{ readonly hasTemplate: boolean }>;
  /** Answered when all choices have finished or the job was stopped; what they are goes by `deltas`. */
  sample(job: SamplingJob): Promise<Usage>;
  /** How likely the model finds an answer, token by token. */
  read(job: ReadingJob): Promise<readonly SpokenToken[]>;
  /** Ends a job within a run of the engine; one that is unknown or has ended is no fault. */
  stop(id: string): void;
}

/** What the sampling process tells. */
export interface ServerCalls {
  deltas(told: { readonly id: string; readonly deltas: readonly Delta[] }): void;
}
