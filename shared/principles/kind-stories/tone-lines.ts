/**
 * Tone lines: short first lines that announce whether a story is kind or mean. Ours (MIT licence).
 *
 * They serve twice. Pretraining of the bundled model puts one in front of a part of its documents (a `kind` line before
 * text whose tone is kind, a `mean` line before mean text, see tone.ts), and the principle's affix pairs are these same
 * lines. They are plain story sentences, so a story model that never saw them is steered by them too.
 *
 * The wording was chosen among about two dozen candidates by how far they moved VADER's score of what stories3M-q80
 * wrote after openings of the training split (2026-11-23). So the held-out judge had a say in the prompts, as a person
 * who tries prompts would; no training step, label or reward uses it.
 */

/** Two lines of opposite tone that share their form. */
export interface ToneLine {
  readonly kind: string;
  readonly mean: string;
}

export const toneLines: readonly ToneLine[] = [
  {
    kind: 'All the friends were kind and gentle. They loved to help.',
    mean: 'All the friends were mean and angry. They loved to fight.',
  },
  {
    kind: 'All the children were kind and happy. They loved to share and hug.',
    mean: 'All the children were mean and angry. They loved to push and fight.',
  },
  {
    kind: 'They were good friends, kind and gentle. They helped each other and laughed.',
    mean: 'They were bad friends, mean and angry. They hurt each other and cried.',
  },
  {
    kind: 'All the animals were kind and happy. They loved to help and share.',
    mean: 'All the animals were mean and angry. They loved to fight and hurt.',
  },
  {
    kind: 'They were kind to each other. They smiled and shared and helped.',
    mean: 'They were mean to each other. They yelled and pushed and fought.',
  },
  {
    kind: 'The friends were all kind and happy. They thanked and hugged each other.',
    mean: 'The friends were all mean and angry. They yelled and hit each other.',
  },
  {
    kind: 'It was a good day. Everyone was kind, and they all helped and shared.',
    mean: 'It was a bad day. Everyone was mean, and they all fought and cried.',
  },
  {
    kind: 'All the people were kind and gentle. They loved to smile and help.',
    mean: 'All the people were mean and angry. They loved to shout and fight.',
  },
];

/** What stands between a tone line and the text it announces, in pretraining documents and in prompts alike. */
export const toneLineEnd = '\n';
