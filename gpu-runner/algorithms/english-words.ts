/** How much of what a model writes is words: the share that an English dictionary knows. */
import type Nspell from 'nspell';

/** Letters, with apostrophes between them: what a dictionary of English can know. */
const WORD = /[A-Za-z]+(?:'[A-Za-z]+)*/g;

let loaded: Promise<Nspell> | undefined;

/** The Hunspell dictionary of American English, read at first use (0.2 s). */
async function dictionary(): Promise<Nspell> {
  loaded ??= Promise.all([import('nspell'), import('dictionary-en')]).then(
    ([{ default: spelling }, { default: files }]) =>
      spelling({ aff: Buffer.from(files.aff), dic: Buffer.from(files.dic) }),
  );
  return await loaded;
}

/** A text, and whether it is over where it ends. */
interface Text {
  readonly text: string;
  readonly ended: boolean;
}

/**
 * The share of the words of all texts together that the dictionary knows, in their inflected forms and as names; null
 * where there is no word. What a limit cut inside a word is not counted.
 */
export async function englishWordShare(texts: readonly Text[]): Promise<number | null> {
  const spelling = await dictionary();
  let known = 0;
  let all = 0;
  for (const { text, ended } of texts) {
    const plain = text.replaceAll('’', "'");
    const whole = ended ? plain : plain.replace(/[A-Za-z']+$/, '');
    for (const word of whole.match(WORD) ?? []) {
      all += 1;
      known += spelling.correct(word) ? 1 : 0;
    }
  }
  return all === 0 ? null : known / all;
}
