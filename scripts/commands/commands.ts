/** Every command of `rlcd`: what it is for, and where it is; only the one that is called is loaded. */
import type { AnyCommand } from '../../shared/command-line/command.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: AnyCommand }>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  demo: {
    summary: 'aligns the bundled model and shows whether it worked',
    load: async () => await import('./demo/command.ts'),
  },
  align: {
    summary: 'aligns your own model to your own principle',
    load: async () => await import('./align.ts'),
  },
  principle: {
    summary: 'makes a principle of a sentence, by what a model tells apart',
    load: async () => await import('./principle/command.ts'),
  },
  paper: {
    summary: "compares the paper's methods in one report",
    load: async () => await import('./paper/command.ts'),
  },
  report: {
    summary: "writes a report's pages again from its data",
    load: async () => await import('./report.ts'),
  },
  export: {
    summary: "writes an experiment's model for transformers, PEFT, llama.cpp or Ollama",
    load: async () => await import('./export/command.ts'),
  },
  serve: { summary: 'the edge on plain Node', load: async () => await import('../../edge/serve.ts') },
  dev: {
    summary: "the edge as a Worker under wrangler's local runtime",
    load: async () => await import('../../edge/dev.ts'),
  },
  runner: {
    summary: 'works on the tasks of an edge',
    load: async () => await import('../../gpu-runner/main.ts'),
  },
  chat: {
    summary: 'talks to a model in the terminal, the base and the aligned one side by side',
    load: async () => await import('./chat/command.ts'),
  },
  endpoint: {
    summary: 'serves a model to clients of the OpenAI API',
    load: async () => await import('../../gpu-runner/endpoint.ts'),
  },
  store: {
    summary: 'checks, repairs, backs up and restores the data of an edge',
    load: async () => await import('../../edge/maintenance/command.ts'),
  },
  data: {
    summary: 'converts preference files, and writes pairs for other trainers',
    load: async () => await import('./data/command.ts'),
  },
  classifier: {
    summary: 'makes a judge of texts, such as of harm, out of labelled texts and a sentence encoder',
    load: async () => await import('./classifier/command.ts'),
  },
  plan: {
    summary: 'what a job would need of memory',
    load: async () => await import('../../gpu-runner/plan.ts'),
  },
  doctor: {
    summary: 'what works on this machine, and what to do about the rest',
    load: async () => await import('./doctor/command.ts'),
  },
};
