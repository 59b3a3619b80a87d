/** The principles that come with the product. */
import { harmlessness } from './harmlessness.ts';
import { helpfulness } from './helpfulness.ts';
import { kindStories } from './kind-stories/kind-stories.ts';
import { outline } from './outline.ts';
import type { Principle } from './principle.ts';

/** Every preset, in the order in which they are listed to users; names are unique. */
export const presets: readonly Principle[] = [harmlessness, helpfulness, outline, kindStories];
