/** Affix pairs that may say what a sentence says: from templates, and from what a chat model answers when it is asked. */
import type { Placement } from './placement.ts';

/** Two affixes, where they go, and who proposed them. */
export interface ProposedPair {
  readonly positive: string;
  readonly negative: string;
  /** Absent: where the form of the prompts has it. */
  readonly placement?: Placement;
  readonly by: 'template' | 'model';
}

type ModelPair = ProposedPair & { readonly by: 'model' };

/** What such sentences are about; what follows is said of answers. */
const SUBJECT = /^(?:the\s+)?(?:answers|responses|replies)\s+(?:should\s+|must\s+)?/i;
/** The same of a text that goes on from its prompt. */
const TEXTS =
  /^(?:the\s+)?(?<noun>stories|tales|poems|texts|letters|articles|continuations|answers|responses)\s+(?:should\s+|must\s+)?/i;
/** What a sentence without a subject begins with: what it asks is asked of answers, or of the texts that follow. */
const COMMAND = /^(?:please\s+)?(?=(?:be|do\s+not|don't|never|always)\s)/i;
/** A quality that can stand before what has it: "kind", "brief and clear". */
const SHORT = /^[\w-]+(?:\s+and\s+[\w-]+)?$/;
/** Characters of the longest sentence, and of what a model proposes: they stand in a label. */
export const LONGEST_SENTENCE = 160;

/**
 * Pairs of like form for a sentence such as "answers admit what they do not know". Of a sentence that begins otherwise, it
 * is only said that answers follow it; one that commands, such as "be kind", is about answers.
 */
export function pairsFromTemplates(sentence: string): ProposedPair[] {
  const said = statementOf(sentence, 'answers');
  const predicate = predicateOf(said);
  const pairs: (readonly [string, string])[] = [
    [`response by the rule that ${said}`, `response against the rule that ${said}`],
    [`as always, ${said}`, `this time, it is not so that ${said}`],
    ...(predicate === null ? [] : ofPredicate(predicate)),
  ];
  return pairs.map(([positive, negative]) => ({
    positive: `(${positive})`,
    negative: `(${negative})`,
    by: 'template' as const,
  }));
}

/**
 * Pairs that ask a chat model for such answers behind the user's words: what it was taught to follow contrasts better than a
 * remark in its label (docs/results/contrast.md).
 */
export function requestsFromTemplates(sentence: string): ProposedPair[] {
  const said = statementOf(sentence, 'answers');
  const predicate = predicateOf(said);
  const [answers] = predicate === null ? [] : ofPredicate(predicate);
  const [positive, negative] = answers ?? [
    `answers by the rule that ${said}`,
    `answers against the rule that ${said}`,
  ];
  return [
    {
      positive: `Please give ${positive}.`,
      negative: `Please give ${negative}.`,
      placement: 'user',
      by: 'template',
    },
  ];
}

/**
 * Pairs for a text that goes on from a prompt: sentences in front of it, each on a line of its own, so that none runs into
 * the prompt's first word.
 */
export function prefixesFromTemplates(sentence: string): ProposedPair[] {
  const said = statementOf(sentence, 'texts');
  const noun = TEXTS.exec(said)?.groups?.['noun']?.toLowerCase();
  const predicate = predicateOf(said, TEXTS);
  const [towards, away] = (predicate === null ? undefined : ofPredicate(predicate, noun)[0]) ?? [];
  const pairs: (readonly [string, string])[] = [
    ...(towards === undefined || away === undefined
      ? []
      : [[`These are ${towards}.`, `These are ${away}.`] as const]),
    [`What follows keeps to the rule that ${said}.`, `What follows breaks the rule that ${said}.`],
    [`As always here, ${said}.`, `This time, it is not so that ${said}.`],
  ];
  return pairs.map(([positive, negative]) => ({
    positive: `${positive}\n`,
    negative: `${negative}\n`,
    by: 'template' as const,
  }));
}

/** A sentence that commands, such as "be kind", as one that says how things are; any other as it is. */
function statementOf(sentence: string, subject: string): string {
  const said = plain(sentence);
  const command = COMMAND.exec(said);
  if (command === null) return said;
  return `${subject} ${said
    .slice(command[0].length)
    .replace(/^be\s+/i, 'are ')
    .replace(/^(?:do\s+not|don't|never)\s+be\s+/i, 'are not ')
    .replace(/^don't\s/i, 'do not ')
    .replace(/^(?:Do|Never|Always)\s/, (word) => word.toLowerCase())}`;
}

/** What a sentence says of answers, or of another subject, in the plural; null where it is about something else. */
function predicateOf(said: string, of: RegExp = SUBJECT): string | null {
  const subject = of.exec(said);
  return subject === null ? null : said.slice(subject[0].length).replace(/^be\s+/i, 'are ');
}

/** @param predicate in the plural, as "are kind" or "admit what they do not know" */
function ofPredicate(predicate: string, noun = 'answers'): (readonly [string, string])[] {
  const quality = /^are\s+(?:not\s+)?(.*)$/i.exec(predicate)?.[1];
  if (quality !== undefined) {
    const not = /^are\s+not\s/i.test(predicate);
    const [good, bad] = not ? ['not ', ''] : ['', 'not '];
    const pair = [`${noun} that are ${good}${quality}`, `${noun} that are ${bad}${quality}`] as const;
    if (!SHORT.test(quality)) return [pair];
    return [
      pair,
      [`${not ? 'not ' : 'very '}${quality} response`, `${not ? 'very ' : 'not at all '}${quality} response`],
    ];
  }
  const denied = /^(?:do\s+not|don't|never)\s+(.*)$/i.exec(predicate)?.[1];
  const act = denied ?? predicate.replace(/^always\s+/i, '');
  const [towards, away] =
    denied === undefined
      ? ([`${noun} that ${act}`, `${noun} that never ${act}`] as const)
      : ([`${noun} that never ${act}`, `${noun} that always ${act}`] as const);
  return [
    [towards, away],
    denied === undefined
      ? [`giving answers that always ${act}`, `giving answers that fail to ${act}`]
      : [`giving answers that do not ${act}`, `giving answers that do ${act}`],
  ];
}

/** In one line, with commas for colons, which would end the label, without its full stop and what is too long. */
function plain(sentence: string): string {
  const line = sentence
    .replaceAll(/\s*:\s*/g, ', ')
    .replaceAll(/[()]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/[.!]+$/, '')
    .trim();
  if (line.length <= LONGEST_SENTENCE) return line;
  // Behind its last whole word.
  return line.slice(0, line.lastIndexOf(' ', LONGEST_SENTENCE)).trim();
}

const EXAMPLES = [
  ['answers are helpful', 'giving a helpful response', 'giving an unhelpful response'],
  ['answers obey the law', 'law-abiding, ethical response', 'illegal, unethical response'],
  ['answers are fit for children', 'age-appropriate, family-friendly response', 'adult, shocking response'],
] as const;
const ASK = 'Name two opposite kinds of response for this principle, in a few words each. Principle:';

/** The dialogue that asks a chat model for a pair, behind solved ones. */
export function questionForPair(sentence: string): string {
  const solved = EXAMPLES.map(
    ([principle, positive, negative]) =>
      `Human: ${ASK} ${principle}.\n\nAssistant: ${positive} / ${negative}`,
  );
  return `${solved.join('\n\n')}\n\nHuman: ${ASK} ${plain(sentence)}.\n\nAssistant:`;
}

/**
 * The pair that a model's answer holds; null where it holds none.
 *
 * @param isCut whether the answer was as long as it could be: its last line may then break off in a word
 */
export function pairOfAnswer(answer: string, isCut: boolean): ModelPair | null {
  const [line = '', ...more] = answer.trimStart().split('\n');
  if (isCut && more.length === 0) return null;
  const parts = line.split(' / ').map((part) => part.replaceAll(/["“”]/g, ''));
  // A longer one would be cut in a word.
  if (parts.length !== 2 || parts.some(({ length }) => length > LONGEST_SENTENCE)) return null;
  const [positive = '', negative = ''] = parts.map((part) => plain(part));
  if (Math.min(positive.length, negative.length) < 3 || positive.toLowerCase() === negative.toLowerCase())
    return null;
  return { positive: `(${positive})`, negative: `(${negative})`, by: 'model' };
}

/** Each pair once, in order, without those that repeat a solved example. */
export function distinctPairs(pairs: readonly ProposedPair[]): ProposedPair[] {
  const seen = new Set<string>();
  const shown = new Set(EXAMPLES.map(([, positive]) => `(${positive})`.toLowerCase()));
  return pairs.filter(({ positive, negative }) => {
    const text = `${positive} ${negative}`.toLowerCase();
    if (shown.has(positive.toLowerCase()) || seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
