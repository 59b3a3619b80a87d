/** From a sentence to a principle: propose, measure, show, ask, write. */
import { resolve } from 'node:path';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { name as apiName } from '../../../shared/api/fields.ts';
import type { PrincipleDefinition } from '../../../shared/api/principles.ts';
import { SIMULATE_DEFAULTS } from '../../../shared/api/tasks/simulate.ts';
import { promptFormOf } from '../../../shared/dialogue/prompt-form-of.ts';
import { promptText } from '../../../shared/dialogue/turn-text.ts';
import { bestContrast } from '../../../shared/principles/choose-pair.ts';
import { placementIn, type Placement } from '../../../shared/principles/placement.ts';
import {
  distinctPairs,
  LONGEST_SENTENCE,
  pairsFromTemplates,
  requestsFromTemplates,
  type ProposedPair,
} from '../../../shared/principles/proposals.ts';
import { UserError } from '../../../shared/user-error.ts';
import { readBaseModel } from '../../experiment/base-model.ts';
import { requireEdgePlace, withEdge } from '../../experiment/open-edge.ts';
import { ensurePrinciple } from '../../experiment/principle.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import { readPromptFile } from '../../read-prompt-file.ts';
import { assertNewUserFile, writeUserFile } from '../../write-user-file.ts';
import { choosePair } from './choose-pair.ts';
import { formatAnswers, formatContrasts, formatProposals, type MeasuredPair } from './format.ts';

interface Options {
  readonly model?: string | undefined;
  readonly prompts?: string | undefined;
  readonly promptColumn?: string | undefined;
  readonly placement?: Placement | undefined;
  readonly count: number;
  readonly tokens: number;
  readonly temperature: number;
  readonly name?: string | undefined;
  readonly yes: boolean;
  readonly out?: string | undefined;
  readonly data?: string | undefined;
  readonly edge?: string | undefined;
  readonly seed: number;
}

/** Answers that a chat model gives when it is asked for pairs, and pairs of them that are measured. */
const MODEL_ANSWERS = 8;
const MODEL_PAIRS = 3;

/** @throws UsageError, UserError naming what is missing or cannot be used; nothing is written then */
export async function runPrinciple(sentence: string, options: Options, signal: AbortSignal): Promise<void> {
  requireSentence(sentence);
  const name = nameOf(sentence, options.name);
  if (options.out !== undefined) await assertNewUserFile(options.out);
  if ((options.data ?? options.edge) !== undefined) requireEdgePlace(options);
  const templates = pairsFromTemplates(sentence);
  if (options.model === undefined) {
    console.log(formatProposals(templates));
    console.error(
      'Nothing is measured or written without a model: --model and --prompts choose among these.',
    );
    return;
  }
  if (options.prompts === undefined)
    throw new UsageError('--model needs --prompts: a file of prompts such as the model will be asked');
  const found = await measure(sentence, options.model, options.prompts, templates, options, signal);
  const best = bestContrast(found.map(({ pair: { by }, measured }) => ({ by, measured })));
  console.error(formatContrasts(found, best));
  if (best === null) {
    throw new UserError('no pair of affixes makes sides that the model tells apart and the filter keeps', {
      cure: 'Say it in other words, try another --placement, longer answers (--tokens) or a larger model (--model)',
    });
  }
  const chosen = options.yes ? unasked(found, best) : await choosePair(found, best);
  if (chosen === null) return;
  const placement = chosen.placement ?? options.placement;
  await write(name, definitionOf(sentence, chosen, placement), options);
}

/**
 * What is taken where nobody is asked: of the sentence's own words alone, since a model's may mean something else.
 *
 * @throws UserError where only the model's words make sides that are told apart
 */
function unasked(found: readonly MeasuredPair[], best: number): ProposedPair {
  const own = found.filter(({ pair }) => pair.by === 'template');
  const place = bestContrast(own.map(({ measured }) => ({ by: 'template', measured })));
  const taken = place === null ? undefined : own[place];
  if (taken === undefined) {
    throw new UserError(
      `only pair ${best + 1} can be used, and it is in the model's words, which nobody has read`,
      {
        cure: 'Leave --yes out, read it with its answers, and take it or not',
      },
    );
  }
  console.error(formatAnswers(taken.measured));
  const number = found.indexOf(taken) + 1;
  if (number !== best + 1) {
    console.error(
      `\nPair ${number} is taken. Pair ${best + 1} is told apart better, in the model's words: leave --yes out to read and take it.`,
    );
  }
  return taken.pair;
}

async function measure(
  sentence: string,
  model: string,
  file: string,
  templates: readonly ProposedPair[],
  options: Options,
  signal: AbortSignal,
): Promise<MeasuredPair[]> {
  const { rows } = await readPromptFile(`--prompts ${file}`, file, { promptColumn: options.promptColumn });
  const cache = resolve('.rlcd', 'cache');
  const { source, configuration } = await readBaseModel(model, cache, signal);
  const promptForm = promptFormOf('dialogue', { configuration }, undefined);
  // Told before anything is sampled.
  placementIn(promptForm, options.placement);
  const { seed } = options;
  const asked =
    promptForm === 'chat'
      ? await askEngine('propose-affixes', { source, cache, sentence, answers: MODEL_ANSWERS, seed }, signal)
      : [];
  const { placement: only } = options;
  const requests = promptForm === 'chat' ? requestsFromTemplates(sentence) : [];
  const pairs = distinctPairs([
    ...templates,
    ...distinctPairs(asked).slice(0, MODEL_PAIRS),
    ...requests,
  ]).filter(({ placement }) => placement === undefined || only === undefined || placement === only);
  const prompts = spread(rows, options.count).map(({ prompt }) => promptText(promptForm, prompt));
  console.error(`Measuring ${pairs.length} pairs of affixes on ${prompts.length} prompts`);
  const measured = await askEngine(
    'measure-contrasts',
    {
      source,
      cache,
      contrasts: pairs.map(({ positive, negative, placement }) => ({
        promptForm,
        placement: placement ?? only,
        responseOpening: '',
        affixPairs: [{ positive, negative }],
      })),
      sampling: {
        temperature: options.temperature,
        topP: SIMULATE_DEFAULTS.topP,
        maximumNewTokens: options.tokens,
        bannedTexts: SIMULATE_DEFAULTS.bannedTexts,
      },
      prompts,
      seed,
    },
    signal,
  );
  return pairs.flatMap((pair, index) => {
    const own = measured[index];
    return own === undefined ? [] : [{ pair, measured: own }];
  });
}

/** Rows from everywhere in the file. */
function spread<Row>(rows: readonly Row[], most: number): Row[] {
  const count = Math.min(most, rows.length);
  return Array.from({ length: count }, (_, index) => rows[Math.floor((index * rows.length) / count)]).flatMap(
    (row) => (row === undefined ? [] : [row]),
  );
}

function requireSentence(sentence: string): void {
  const cure =
    'Say in a few words what is true of a good answer, such as "answers admit what they do not know"';
  if (!/\p{L}/u.test(sentence)) throw new UsageError('the sentence says nothing', { cure });
  if (sentence.trim().length <= LONGEST_SENTENCE) return;
  throw new UsageError(
    `the sentence has ${sentence.trim().length} characters, and ${LONGEST_SENTENCE} stand before an answer`,
    { cure },
  );
}

function nameOf(sentence: string, given: string | undefined): string {
  const words = sentence.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const made = words.join('-').slice(0, 48).replace(/-$/, '');
  const name = apiName.safeParse(given ?? made);
  if (name.success) return name.data;
  throw new UsageError(
    given === undefined
      ? 'the sentence gives no name: give one (--name), of a-z, 0-9 and hyphens'
      : `--name ${given} is no name: use a-z, 0-9 and hyphens`,
  );
}

function definitionOf(
  sentence: string,
  { positive, negative }: ProposedPair,
  placement: Placement | undefined,
): PrincipleDefinition {
  const scoringInstruction = `Choose the response of which this is truer: ${sentence.trim()}`;
  return {
    description: sentence.trim(),
    form: 'dialogue',
    ...(placement === undefined ? {} : { placement }),
    responseOpening: '',
    affixPairs: [{ positive, negative, scoringInstruction }],
  };
}

async function write(name: string, definition: PrincipleDefinition, options: Options): Promise<void> {
  const { out, data, edge } = options;
  const text = `${JSON.stringify(definition, null, 2)}\n`;
  if (out !== undefined) {
    await writeUserFile(out, text, 'wx');
    console.error(`${out}: for --principle of align and demo`);
  }
  if (data !== undefined || edge !== undefined) {
    const version = await withEdge({ data, edge }, ({ client }) =>
      ensurePrinciple(client, { name, definition }),
    );
    console.error(`principle ${name}, version ${version}`);
  }
  if (out === undefined && data === undefined && edge === undefined) process.stdout.write(text);
}
