/** Options that several commands take, each with one meaning; made anew for each command, which may set their default. */
import { Option } from '@commander-js/extra-typings';
import { promptForm } from '../../shared/api/tasks/settings.ts';
import { ALIGNING_METHODS } from '../../shared/method-stages.ts';
import { PLACEMENTS } from '../../shared/principles/placement.ts';
import { timeSpan, wholeNumber } from '../../shared/command-line/values.ts';

const MODEL_FORMS = 'a Hugging Face folder, a GGUF or llama2.c file or the folder of one, or a hub id';
const PROMPT_FORMS =
  'JSON lines, a JSON array or CSV of prompt, messages, conversations, instruction or HH dialogues; .txt: one prompt a ' +
  'line, or stories with <|endoftext|> between them; each also as .gz';
const PRINCIPLE_FORMS = 'a preset (kind-stories, harmlessness, helpfulness, outline) or a JSON file';

export const ownModel = () => new Option('--model <path|id>', MODEL_FORMS);
export const ownPrompts = () => new Option('--prompts <file>', PROMPT_FORMS);
export const promptColumnOption = () =>
  new Option('--prompt-column <name>', 'the column that holds the prompt, where its name does not tell');
export const ownPrinciple = () => new Option('--principle <name|file>', PRINCIPLE_FORMS);

export const methodOption = () =>
  new Option(
    '--method <method>',
    'rlcd: pairs, a preference model and PPO; rlcd-direct: PPO on how much likelier an answer is behind the prompt ' +
      'towards the principle, which wants no pairs',
  )
    .choices(ALIGNING_METHODS)
    .default('rlcd' as const);

export const simulatorOption = () =>
  new Option(
    '--simulator <path|id|address#name>',
    'the model that writes (and labels) the pairs, where it is another than the aligned one: as --model, or one that is ' +
      'served elsewhere, such as http://127.0.0.1:8080/v1#smollm2 (RLCD_SERVED_HOSTS must allow it)',
  );

export const formOption = () =>
  new Option(
    '--form <form>',
    "how the models are asked: through their chat template, in the paper's dialogues as text, or as a text behind the " +
      "principle's; chosen by principle and model unless given",
  ).choices(promptForm.options);

export const placementOption = () =>
  new Option(
    '--placement <place>',
    "where the affixes go in a chat: the assistant's label, the system turn, behind the user's words, or the beginning " +
      "of the answer; as the principle says unless given, and the label where it doesn't",
  ).choices(PLACEMENTS);

export const judgeOption = () =>
  new Option(
    '--judge <file>',
    'pairs that people judged, rows of chosen and rejected as --prompts reads them: a judge is trained on them that no ' +
      'training step of the policy sees, and gives the verdict',
  );

export const modelOrBundled = () => new Option('--model <path|id>', MODEL_FORMS).default('bundled');

export const budgetOption = () =>
  new Option(
    '--budget <time>',
    'what the whole run may take, such as 30m: pairs, steps, rollouts and lengths are chosen for it; --scale unless given',
  ).argParser(timeSpan);

export const answerTokensOption = () =>
  new Option('--answer-tokens <n>', 'the longest answer; 64 unless given').argParser(wholeNumber(8, 8192));

export const yesOption = () =>
  new Option('--yes', 'goes on where the look at the first answers speaks against it').default(false);

export const hostOption = () =>
  new Option('--host <host>', "worker: the Worker under wrangler's local runtime; node: plain Node, lighter")
    .choices(['worker', 'node'] as const)
    .default('worker' as const);

export const seedOption = () =>
  new Option('--seed <n>', 'equal seeds give equal results').argParser(wholeNumber(0)).default(1);

export const dataOption = () =>
  new Option(
    '--data <folder>',
    'keeps everything there, and goes on where a run in it was stopped; a fresh folder unless given',
  );

const port = wholeNumber(0, 65_535);

/** Where the edge of a run listens unless told otherwise. */
export const USUAL_PORT = 8787;

export const portOption = () =>
  new Option(
    '--port <n>',
    `port of the edge; ${USUAL_PORT} unless given, or any free one where that is taken`,
  ).argParser(port);

export const anyPortOption = () =>
  new Option('--port <n>', 'port of the edge; any free one unless given').argParser(port);

export const exitOption = () => new Option('--exit', 'ends after the result').default(false);

export const jsonOption = () =>
  new Option(
    '--json',
    'prints the result as one JSON document on standard output; progress goes to standard error',
  ).default(false);

export const keptDataOption = () =>
  new Option(
    '--data <folder>',
    'the folder of a run that was made on this machine: its edge is started for the while',
  );

export const edgeOption = () =>
  new Option('--edge <url>', 'an edge that runs, instead of --data; its key is read from RLCD_KEY');
