/** Who the story openings are about, and the sentences that introduce them. Ours (MIT licence). */

export const girlNames = [
  'Lily',
  'Lucy',
  'Sue',
  'Jane',
  'Sarah',
  'Amy',
  'Mia',
  'Sally',
  'Molly',
  'Grace',
  'Mary',
].concat(['Anna', 'Emma', 'Ella', 'Daisy', 'Jill']);
export const boyNames = [
  'Tim',
  'Tom',
  'Jack',
  'Max',
  'Ben',
  'Sam',
  'Joe',
  'Bob',
  'John',
  'Andy',
  'Billy',
  'Pete',
].concat(['Danny', 'Jake', 'Fred', 'Jim']);
export const girls = ['little girl', 'young girl', 'small girl', 'girl'];
export const boys = ['little boy', 'young boy', 'small boy', 'boy'];
export const animals = [
  'little fox',
  'brown bear',
  'small rabbit',
  'gray mouse',
  'little duck',
  'black cat',
  'young dog',
  'small pig',
  'green frog',
  'little monkey',
  'young deer',
  'brown squirrel',
];

/**
 * Introductions. {hero} and {friend}: "a little girl named Lily"; {heroKind} and {friendKind}: "a little girl"; the rest
 * as in the scenes. One that names {F} or {friend} introduces the friend too.
 */
export const introductions: readonly string[] = [
  'Once upon a time, there was {hero}.',
  'Once upon a time, there were two friends named {H} and {F}.',
  'Once there was {hero} who lived in a [small|quiet|big] town.',
  '{H} and {F} lived in the same [village|town|big house].',
  'In a little house near the [woods|sea|river], there lived {hero}.',
  'Once there was {hero} who had a friend named {F}.',
  'There was once {hero} who liked to [play|sing|explore|ask questions].',
  '{H} was {heroKind}, and {F} was {friendKind}.',
  'Once upon a time, in a [green|sunny|quiet] land, there lived {hero}.',
  '{Hero} often played with {friend}.',
  '{H} was {heroKind} who lived [on a farm|by a small lake|at the end of a long road].',
  'Once upon a time, {hero} lived next to {friend}.',
  'Long ago, there was {hero}.',
  'Every day, {hero} met {friend}.',
  'Once upon a time, {hero} lived with {his} [mom|dad|grandma|big family].',
  '{H} and {F} knew each other very well.',
  '{Hero} lived [next to a big forest|in a tiny house|near the park].',
  'In a town far away lived {H} and {F}.',
  'Once, there was {hero} with [big eyes|a loud voice|small feet|a long name].',
  'Far away, {hero} and {friend} lived side by side.',
  'Everyone in the [village|town] knew {hero}.',
  'This is a story about {H} and {F}.',
  '{H} was {heroKind} who was always busy.',
  'There were once two neighbors, {hero} and {friend}.',
];
