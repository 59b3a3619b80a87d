/** The model card: what the model is, how it was made, how well it does, and of what, by hash. */
import { fenced, inline } from '../text/markdown-text.ts';
import type { BaseFacts } from './base-facts.ts';
import type { ChosenArtifact } from './choose-artifact.ts';
import type { ExportFile } from './export-file.ts';
import { textFile } from './export-file.ts';
import type { ExportForm } from './forms.ts';
import { howToUse } from './how-to-use.ts';

/** What a card is written from: what the API answers of an experiment and its lineage. */
export interface CardEvidence {
  readonly experiment: {
    readonly id: string;
    readonly name: string;
    readonly method: string;
    readonly principle: { readonly name: string; readonly version: number };
    readonly promptSet: { readonly name: string };
    readonly seed: number;
    readonly verdicts: readonly {
      readonly judge: string;
      readonly n: number;
      readonly winRate: number;
      readonly interval: { readonly lower: number; readonly upper: number };
    }[];
    readonly stages: readonly {
      readonly name: string;
      readonly parameters: Readonly<Record<string, unknown>>;
    }[];
  };
  readonly lineage: readonly {
    readonly stage: string;
    readonly shard: number;
    readonly engineVersion: string;
    readonly baseModelSha256: string;
    readonly promptsSha256: string | null;
    readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
  }[];
  readonly base: BaseFacts;
  /** Null for the base alone. */
  readonly artifact: ChosenArtifact | null;
  readonly form: ExportForm;
  /** That made the export. */
  readonly command: string;
}

const UNKNOWN_LICENCE = 'unknown: ask where you got it';
const LIBRARIES: Readonly<Record<ExportForm, string | null>> = {
  peft: 'peft',
  merged: 'transformers',
  gguf: 'gguf',
  'gguf-lora': 'gguf',
  ollama: 'gguf',
};

/** The card as the hub reads it. */
export function modelCard(evidence: CardEvidence): ExportFile {
  const { experiment, base, artifact } = evidence;
  const title = artifact === null ? 'Base model' : experiment.name;
  const sections = [
    frontMatter(evidence),
    `# ${inline(title)}`,
    inline(whatItIs(evidence)),
    '## How well it does',
    verdicts(evidence),
    '## How to use it',
    howToUse(evidence.form, base.location, artifact?.output === 'preference-model'),
    '## How it was made',
    table(
      ['', ''],
      [
        ['method', experiment.method],
        ['principle', `${experiment.principle.name}, version ${experiment.principle.version}`],
        ['prompts', experiment.promptSet.name],
        ['seed', String(experiment.seed)],
        ['base model', base.location],
        ['licence of the base model', base.licence ?? UNKNOWN_LICENCE],
        ['experiment', experiment.id],
        ['artifact', artifact === null ? 'none: the base alone' : `${artifact.stage} ${artifact.output}`],
      ],
    ),
    'The command that wrote this folder:',
    fenced(evidence.command, 'sh'),
    '### Hyperparameters',
    ...experiment.stages.map(({ name, parameters }) =>
      [`${inline(name)}:`, fenced(JSON.stringify(parameters, null, 2), 'json')].join('\n\n'),
    ),
    '## Lineage by hash',
    table(['stage', 'shard', 'output', 'SHA-256'], lineageRows(evidence)),
  ];
  return textFile('README.md', `${sections.join('\n\n')}\n`);
}

/** Every value is a JSON text, which YAML reads as one whatever it holds. */
function frontMatter({ experiment, base, form }: CardEvidence): string {
  const library = LIBRARIES[form];
  const lines = [
    `base_model: ${JSON.stringify(base.location)}`,
    ...(library === null ? [] : [`library_name: ${library}`]),
    `license: ${JSON.stringify(base.licence ?? 'unknown')}`,
    'tags:',
    ...[...new Set(['rlcd', experiment.method, 'lora', 'alignment'])].map(
      (tag) => `- ${JSON.stringify(tag)}`,
    ),
  ];
  return ['---', ...lines, '---'].join('\n');
}

function whatItIs({ experiment, base, artifact }: CardEvidence): string {
  const { method, principle } = experiment;
  if (artifact === null) return `The base model ${base.location}, as the experiment read it: 8-bit weights.`;
  if (artifact.output === 'preference-model') {
    return `A preference model for the principle ${principle.name}: it scores a text, the higher the better. A LoRA adapter of ${base.location} with a scalar head, trained by ${method}.`;
  }
  return `${base.location} aligned to the principle ${principle.name} by ${method}: a LoRA adapter trained on the frozen 8-bit weights.`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function verdicts({ experiment }: CardEvidence): string {
  if (experiment.verdicts.length === 0) return 'No judge has compared it with its base.';
  const rows = experiment.verdicts.map(({ judge, n, winRate, interval }) => [
    judge,
    percent(winRate),
    `${percent(interval.lower)} to ${percent(interval.upper)}`,
    String(n),
  ]);
  return [
    "Against its base on the experiment's test prompts, ties counted half, with 95 % intervals; of the experiment's final policy:",
    table(['judge', 'win rate', 'interval', 'comparisons'], rows),
  ].join('\n\n');
}

function lineageRows({ lineage, artifact }: CardEvidence): string[][] {
  const [first] = lineage;
  const prompts = [...new Set(lineage.flatMap(({ promptsSha256 }) => promptsSha256 ?? []))];
  return [
    ...(first === undefined ? [] : [['base model', '', 'weights and tokenizer', first.baseModelSha256]]),
    ...prompts.map((sha256) => ['prompts', '', 'split', sha256]),
    ...lineage.flatMap(({ stage, shard, outputs }) =>
      outputs.map(({ name, sha256 }) => [
        stage,
        String(shard),
        sha256 === artifact?.sha256 ? `${name} (this model)` : name,
        sha256,
      ]),
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(inline).join(' | ')} |`;
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}
