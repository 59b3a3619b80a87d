/** An experiment and its stages as the API tells them. */
import type { Client } from '../../shared/api/client.ts';

export type ExperimentDetail = Awaited<ReturnType<Client['getExperiment']>>;
export type Stage = ExperimentDetail['stages'][number];
