/** Writes shared/principles/kind-stories/openings.jsonl: `npm run openings`. A test says when it is out of date. */
import { writeFileSync } from 'node:fs';
import { formatStoryOpenings, storyOpenings } from '../../shared/principles/kind-stories/story-openings.ts';

const file = new URL('../../shared/principles/kind-stories/openings.jsonl', import.meta.url);
writeFileSync(file, formatStoryOpenings(storyOpenings()));
