/** The documents of the API, by the names that people use for them. */
import type { Client } from '../../../shared/api/client.ts';

type Answer<Id extends keyof Client> = Awaited<ReturnType<Client[Id]>>;
type Item<Id extends keyof Client> = Answer<Id> extends { items: readonly (infer T)[] } ? T : never;

export type Experiment = Item<'listExperiments'>;
export type ExperimentDetail = Answer<'getExperiment'>;
export type Stage = ExperimentDetail['stages'][number];
export type Verdict = Experiment['verdicts'][number];
export type Pair = Item<'listPreferencePairs'>;
export type Comparison = Item<'listComparisons'>;
export type Scorer = Item<'listScorers'>;
export type Sample = Item<'listSamples'>;
export type PromptSet = Item<'listPromptSets'>;
export type Prompt = Item<'listPrompts'>;
export type BaseModel = Item<'listBaseModels'>;
export type Principle = Item<'listPrinciples'>;
export type PrincipleVersion = Item<'listPrincipleVersions'>;
export type Key = Item<'listKeys'>;
export type NewKey = Answer<'createKey'>;
export type OwnKey = Answer<'getOwnKey'>;
export type Interval = Verdict['interval'];
