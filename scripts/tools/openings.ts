/** `npm run openings`: writes the openings of the kind stories. A test says when they are out of date. */
import { writeFileSync } from 'node:fs';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { formatStoryOpenings, storyOpenings } from '../../shared/principles/kind-stories/story-openings.ts';

export const command = createCommand(
  'npm run openings --',
  'Writes shared/principles/kind-stories/openings.jsonl.',
).action(() => {
  const file = new URL('../../shared/principles/kind-stories/openings.jsonl', import.meta.url);
  writeFileSync(file, formatStoryOpenings(storyOpenings()));
});

if (import.meta.main) await runCommand(command);
