/** Makes an alignment's experiments: that of its method, and the base model that it is compared with. */
import { createHash } from 'node:crypto';
import type { Client } from '../../shared/api/client.ts';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import type { AligningMethod } from '../../shared/method-stages.ts';
import type { PlannedSeconds } from '../../shared/planner/stage-ends.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';

type NewExperiment = Parameters<Client['createExperiment']>[0]['body'];

export interface DemoExperiment {
  readonly method: AligningMethod;
  readonly principle: { readonly name: string; readonly version: number };
  readonly promptSet: string;
  readonly baseModel: string;
  /** What simulates, where it is another. */
  readonly simulator?: string;
  /** Where it is not left to principle and models. */
  readonly form?: PromptForm;
  readonly seed: number;
  readonly hyperparameters: Hyperparameters;
  /** Of the stages, by a look. */
  readonly plannedSeconds?: PlannedSeconds;
}

/**
 * Makes both experiments, or finds those that a former run in the same folder made with the same settings; one
 * that failed or was cancelled is made anew, and takes over every task that had succeeded.
 *
 * @returns their ids
 */
export async function ensureExperiments(client: Client, settings: DemoExperiment) {
  const { method: _, simulator: __, plannedSeconds: ___, ...shared } = settings;
  const { generate = {} } = settings.hyperparameters;
  const rlcd = await ensureExperiment(client, settings);
  const base = await ensureExperiment(client, { ...shared, method: 'base', hyperparameters: { generate } });
  return { rlcd, base };
}

/** @returns the id of the experiment with this body; as {@link ensureExperiments} */
export async function ensureExperiment(client: Client, body: NewExperiment): Promise<string> {
  // What a plan says of the time makes it no other experiment.
  const { plannedSeconds: _, ...settings } = body;
  const hash = createHash('sha256').update(canonicalJson(settings)).digest('hex').slice(0, 8);
  const name = `${body.method} ${body.principle.name} seed ${body.seed} ${hash}`;
  const { items } = await client.listExperiments({ query: { text: name, limit: 200 } });
  const present = items.find(({ status }) => status !== 'failed' && status !== 'cancelled');
  return (present ?? (await client.createExperiment({ body: { ...body, name } }))).id;
}
