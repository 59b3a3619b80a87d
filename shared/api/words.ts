/** The closed vocabularies of the product: every enumeration that the store, the API and the runner share. */

export const METHODS = [
  'rlcd',
  'filtered-rlcd',
  'rloo',
  'grpo',
  'rlcd-direct',
  'rlaif',
  'rlcd-rescore',
  'context-distillation',
  'base',
  'best-of-n',
  'dpo',
  'dlma',
  'simpo',
  'kto',
  'delta',
  'human-preference-model',
  'examine-judges',
  'look',
] as const;
export const EXPERIMENT_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export const STAGE_STATUSES = ['waiting', 'running', 'succeeded', 'failed', 'cancelled'] as const;
/** `queued`: may be claimed; `leased`: a runner holds it; the rest are final. */
export const TASK_STATUSES = ['queued', 'leased', 'succeeded', 'failed', 'cancelled'] as const;
export const RUNNER_STATUSES = ['live', 'gone'] as const;
export const LAUNCH_OUTCOMES = ['launched', 'refused', 'failed', 'skipped'] as const;
export const SPLITS = ['train', 'dev', 'test'] as const;
export const SCOPES = ['admin', 'client', 'runner'] as const;
export const ARTIFACT_KINDS = [
  'preference-dataset',
  'preference-model',
  'adapter',
  'checkpoint',
  'prompts',
  'completions',
  'comparisons',
  'frontier',
  'trajectory',
  'scorer',
  'report',
  'export',
] as const;
export const COMPARISON_SOURCES = ['machine', 'human'] as const;
/** `skipped`: the person did not want to say; it counts nowhere. */
export const COMPARISON_OUTCOMES = ['first', 'second', 'tie', 'skipped'] as const;

export type Scope = (typeof SCOPES)[number];
export type Split = (typeof SPLITS)[number];
