/** Generates the prompt set of the kind-stories task: short story openings that may go on kindly or meanly. */
import { uniform } from '../../random.ts';
import { animals, boyNames, boys, girlNames, girls, introductions } from './cast.ts';
import { scenes } from './scenes.ts';
import type { Scene } from './scenes.ts';

export type OpeningSplit = 'train' | 'dev' | 'test';

/** One prompt. `scene` is the number of the scene it was made from; no scene occurs in two splits. */
export interface StoryOpening {
  readonly id: number;
  readonly split: OpeningSplit;
  readonly scene: number;
  readonly text: string;
}

/** The split rule: of every five scenes three train, the fourth is for choosing (dev), the fifth for the result (test). */
export function splitOfScene(scene: number): OpeningSplit {
  const position = scene % 5;
  if (position < 3) return 'train';
  return position === 3 ? 'dev' : 'test';
}

const SPLITS: readonly OpeningSplit[] = ['train', 'dev', 'test'];
const SEED = 20_261_123;
const PER_SCENE = 20;
const [SHORTEST, LONGEST] = [15, 40];

/**
 * The openings: 20 of each scene, each with another introduction; 15 to 40 words, all different. Ordered by split, and
 * within it so that any first n openings are spread over the scenes as evenly as can be. The shipped openings.jsonl is
 * this function's output.
 *
 * @param seed another seed gives other casts and choices of the same scenes
 */
export function storyOpenings(seed = SEED): StoryOpening[] {
  const seen = new Set<string>();
  const openings: StoryOpening[] = [];
  for (const split of SPLITS) {
    for (let variant = 0; variant < PER_SCENE; variant++) {
      for (const [scene, content] of scenes.entries()) {
        if (splitOfScene(scene) !== split) continue;
        const text = freshOpening(content, scene, variant, seed, seen);
        seen.add(text);
        openings.push({ id: openings.length, split, scene, text });
      }
    }
  }
  return openings;
}

/** One JSON object a line: the form in which the openings ship. */
export function formatStoryOpenings(openings: readonly StoryOpening[]): string {
  return openings.map((opening) => `${JSON.stringify(opening)}\n`).join('');
}

function freshOpening(
  scene: Scene,
  sceneNumber: number,
  variant: number,
  seed: number,
  seen: ReadonlySet<string>,
): string {
  const introduction = introductions[(sceneNumber * 7 + variant) % introductions.length] ?? '';
  for (let attempt = 0; attempt < 1000; attempt++) {
    let counter = attempt * 64;
    const draw = () => uniform(seed, sceneNumber * PER_SCENE + variant, counter++);
    const text = writeOpening(scene, introduction, draw);
    const length = text.split(' ').length;
    if (length >= SHORTEST && length <= LONGEST && !seen.has(text)) return text;
  }
  throw new RangeError(
    `scene ${sceneNumber} gave no fresh opening of ${SHORTEST} to ${LONGEST} words: add alternatives`,
  );
}

interface Character {
  readonly name: string;
  readonly kind: string;
  readonly female: boolean;
}

function pick<T>(choices: readonly T[], draw: () => number): T {
  const choice = choices[Math.floor(draw() * choices.length)];
  if (choice === undefined) throw new RangeError('nothing to pick from');
  return choice;
}

function castCharacter(who: 'child' | 'animal', draw: () => number): Character {
  const female = draw() < 0.5;
  const name = pick(female ? girlNames : boyNames, draw);
  const kinds = female ? girls : boys;
  return { name, kind: pick(who === 'animal' ? animals : kinds, draw), female };
}

function writeOpening([needs, sceneText]: Scene, introduction: string, draw: () => number): string {
  const who = needs === 'child' || draw() < 0.55 ? 'child' : 'animal';
  const hero = castCharacter(who, draw);
  let friend = castCharacter(who, draw);
  while (friend.name === hero.name) friend = castCharacter(who, draw);
  const scene = /\{F\}|\{friend\}/.test(introduction) ? sceneText : introduceFriend(sceneText);
  const values = slotValues(hero, friend);
  return `${introduction} ${scene}`
    .replaceAll(/\[([^\]]+)\]/g, (_, choices: string) => pick(choices.split('|'), draw))
    .replaceAll(/\{(\w+)\}/g, (_, slot: string) => values[slot] ?? `{${slot}}`);
}

/** "{F} sang" becomes "{His} friend {F} sang", at the first mention only. */
function introduceFriend(scene: string): string {
  const first = scene.indexOf('{F}');
  if (first < 0) return scene;
  const before = scene.slice(0, first);
  const his = before === '' || /[.!?]"? $/.test(before) ? '{His}' : '{his}';
  return `${before}${his} friend ${scene.slice(first)}`;
}

function slotValues(hero: Character, friend: Character): Readonly<Record<string, string>> {
  return {
    H: hero.name,
    F: friend.name,
    hero: `a ${hero.kind} named ${hero.name}`,
    Hero: `A ${hero.kind} named ${hero.name}`,
    friend: `a ${friend.kind} named ${friend.name}`,
    heroKind: `a ${hero.kind}`,
    friendKind: `a ${friend.kind}`,
    he: hero.female ? 'she' : 'he',
    He: hero.female ? 'She' : 'He',
    him: hero.female ? 'her' : 'him',
    his: hero.female ? 'her' : 'his',
    His: hero.female ? 'Her' : 'His',
  };
}
