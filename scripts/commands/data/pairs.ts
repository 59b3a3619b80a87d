/** The pairs of an experiment as a folder that another trainer reads. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import {
  conversationOf,
  datasetInfo,
  PAIRS_FILE,
  trainerCommand,
  type TrainerForm,
} from '../../../shared/export/trainer-pairs.ts';
import { withEdge } from '../../experiment/open-edge.ts';
import { findExperiment } from '../../experiment/find-experiment.ts';

export interface PairsOptions {
  readonly to: TrainerForm;
  readonly out: string;
  readonly data?: string | undefined;
  readonly edge?: string | undefined;
}

/**
 * Writes the pairs, the labelled ones where the method labels, and beside them what the trainer needs to find them.
 *
 * @returns how many there are, and the command that trains on them
 * @throws UsageError naming what there is instead
 */
export async function writePairs(
  named: string,
  options: PairsOptions,
): Promise<{ readonly pairs: number; readonly command: string }> {
  return await withEdge(options, async ({ client }) => {
    const { id: experimentId, name } = await findExperiment(client, named);
    const parameters = { experimentId };
    const { items } = await client.listPreferencePairs({ parameters, query: { limit: 1 } });
    const [first] = items;
    if (first === undefined) {
      throw new UsageError(`the experiment ${name} has no pairs: wait for its simulation, or name another`);
    }
    const response = await client.exportPreferencePairs({ parameters, query: { form: options.to } });
    const text = await response.text();
    const folder = resolve(options.out);
    await makeFolder(folder);
    await writeFile(join(folder, PAIRS_FILE), text);
    const conversational = conversationOf(first.prompt) !== null;
    if (options.to === 'llama-factory') {
      const info = `${JSON.stringify(datasetInfo(conversational), null, 2)}\n`;
      await writeFile(join(folder, 'dataset_info.json'), info);
    }
    return {
      pairs: text.split('\n').length - 1,
      command: trainerCommand(options.to, options.out, conversational),
    };
  });
}
