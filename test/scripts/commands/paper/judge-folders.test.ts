/** Classifiers as judges of a comparison: found where the command was given, refused before any work. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { judgeFolders, withJudgeFolders } from '../../../../scripts/commands/paper/judge-folders.ts';
import { createFolder } from '../../../edge/node-store.ts';

const settingsWith = (folder: string) => ({
  methods: ['rlcd' as const],
  hyperparameters: {
    judge: { judges: ['sentiment' as const, { kind: 'classifier' as const, folder, label: 'kind' }] },
  },
  judgePairs: { trained: 1, heldOut: 1, examined: 1 },
  agreementPairs: 1,
});

it('are named from the root, since the runner works in another folder', () => {
  const warm = join(createFolder(), 'warm');
  mkdirSync(warm);
  writeFileSync(join(warm, 'config.json'), '{}');
  const settings = withJudgeFolders(settingsWith(relative('.', warm)));
  expect(judgeFolders(settings)).toEqual([warm]);
  expect(settings.hyperparameters.judge?.judges?.[0]).toBe('sentiment');
});

it('are refused where there is none', () => {
  expect(() => withJudgeFolders(settingsWith('nowhere'))).toThrow(
    /nowhere holds no text classifier: .*config\.json.*rlcd classifier/,
  );
});
