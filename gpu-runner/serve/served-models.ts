/** The models that a server holds open: a few at a time, each loaded once, the longest unused closed for a new one. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../shared/caught.ts';
import { refusal } from '../../shared/planner/plan.ts';
import { UserError } from '../../shared/user-error.ts';
import { sizeOfFile } from '../files/files.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import type { Sequence } from '../llama/model/sequence.ts';
import { Sampler } from '../llama/sampler/sampler.ts';
import { type ChatTemplate, loadChatTemplate } from '../llama/tokenizer/chat-template.ts';
import { ForwardPass } from '../llama/trainer/forward-pass.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import type { Model } from '../llama/weights/model.ts';
import { decodeAdapterArtifact } from '../tasks/adapter-artifact.ts';
import { deviceMemoryBytes } from '../tasks/memory-check.ts';
import { withoutContents } from '../tasks/told-error.ts';
import { openBaseModel, openTaskModel } from '../tasks/open-base-model.ts';
import { type ServedModel, USUAL_NEW_TOKENS } from './sampling-calls.ts';

/** A base and an adapter side by side. */
const MOST_OPEN = 2;
/** Prompt and answer together, where the model's own context is longer. */
const LONGEST_CONTEXT = 8192;
const MAXIMUM_ADAPTER_BYTES = 4 * 2 ** 30;

/** All places are taken by models that answer now. */
class ServerBusyError extends UserError {
  override readonly name = 'ServerBusyError';
  override readonly code = 'busy';
  override readonly retryable = true;
}

/** A model ready to answer. */
export interface OpenModel {
  readonly model: Model;
  readonly sampler: Sampler;
  /** The adapter's numbers, which every run is given. */
  readonly vector: Float32Array | undefined;
  readonly template: ChatTemplate | null;
  /** Tokens of prompt and answer together. */
  readonly contextLength: number;
  /** Nats of every scored token of a sequence that the context holds. */
  readonly score: (sequence: Sequence<Int32Array>) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

interface Place {
  readonly opened: Promise<OpenModel>;
  users: number;
  usedAt: number;
}

interface Options {
  readonly cacheDirectory: string;
  readonly device: 'cpu' | 'cuda';
  /** Makes an imported model ready to run. */
  readonly ready: (imported: ImportedModel) => Promise<Model>;
}

export class ServedModels {
  readonly #options: Options;
  readonly #places = new Map<string, Place>();
  #uses = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Runs work on a model, which stays open meanwhile.
   *
   * @throws ServerBusyError where too many others answer now; what opening it throws
   */
  async with<Result>(wanted: ServedModel, work: (open: OpenModel) => Promise<Result>): Promise<Result> {
    const key = JSON.stringify([wanted.source, wanted.identity, wanted.adapterFile]);
    const place = this.#places.get(key) ?? this.#take(key, wanted);
    place.users += 1;
    place.usedAt = this.#uses++;
    try {
      return await work(await place.opened);
    } finally {
      place.users -= 1;
    }
  }

  #take(key: string, wanted: ServedModel): Place {
    const closed = this.#places.size < MOST_OPEN ? Promise.resolve() : this.#closeOldest();
    const opened = closed.then(async () => await this.#open(wanted));
    const place = { opened, users: 0, usedAt: 0 };
    this.#places.set(key, place);
    // The next request tries anew.
    opened.catch(() => this.#places.delete(key));
    return place;
  }

  #closeOldest(): Promise<void> {
    const idle = [...this.#places].filter(([, { users }]) => users === 0);
    const [oldest] = idle.toSorted(([, a], [, b]) => a.usedAt - b.usedAt);
    if (oldest === undefined) {
      throw new ServerBusyError(`${MOST_OPEN} other models answer at the moment`, {
        cure: 'Ask again when they have ended',
      });
    }
    const [key, { opened }] = oldest;
    this.#places.delete(key);
    return opened.then(async (open) => await open.close());
  }

  async #open(wanted: ServedModel): Promise<OpenModel> {
    const { source, identity } = wanted;
    const { cacheDirectory } = this.#options;
    const imported = await (
      identity === null
        ? openBaseModel(source, cacheDirectory)
        : openTaskModel({ name: source, source, weightsSha256: identity }, cacheDirectory)
    ).catch((error: unknown) => {
      const told = withoutContents(error, source);
      if (told !== error) console.error(messageOf(error));
      throw told;
    });
    try {
      return await this.#load(wanted, imported);
    } catch (error) {
      imported.release();
      throw error;
    }
  }

  async #load({ adapterFile }: ServedModel, imported: ImportedModel): Promise<OpenModel> {
    const { device, ready } = this.#options;
    const { architecture } = imported;
    const contextLength = Math.min(architecture.maximumPositions, LONGEST_CONTEXT);
    const adapter = adapterFile === null ? null : await readAdapter(adapterFile, imported);
    refuseTooLarge(imported, contextLength, adapter?.rank ?? 1, device);
    const model = await ready(imported);
    const sampler = await Sampler.open({
      backend: model.backend,
      ...(adapter === null
        ? {}
        : { adapters: { layout: adapterLayout(architecture, adapter.rank, adapter.alpha), groups: 1 } }),
      maximumPositions: contextLength,
      // As short as runs can be: between two of them tokens are told, and other requests have their turn.
      runMilliseconds: 1,
    });
    const template = await loadChatTemplate(imported.base.folder);
    // A graph of its own, which most clients never need.
    const layout = adapterLayout(architecture, adapter?.rank ?? 1, adapter?.alpha ?? 1);
    const vector = adapter?.vector ?? new Float32Array(layout.length);
    let reading: Promise<ForwardPass> | undefined;
    const score = async (sequence: Sequence<Int32Array>): Promise<Float32Array> => {
      reading ??= ForwardPass.open({
        trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
        scoring: 'tokens',
        maximumTime: contextLength,
        microbatchRows: 1,
      });
      // The next request tries anew.
      reading.catch(() => (reading = undefined));
      const { logProbabilities } = await (await reading).score(vector, [[sequence]]);
      return logProbabilities[0]?.[0] ?? new Float32Array();
    };
    const close = async (): Promise<void> => {
      await sampler.close();
      await (await reading)?.close();
      model.release();
    };
    return { model, sampler, vector: adapter?.vector, template, contextLength, score, close };
  }
}

async function readAdapter(file: string, { architecture }: ImportedModel) {
  const bytes = await sizeOfFile(file, 'Give the adapter.safetensors of an experiment');
  if (bytes > MAXIMUM_ADAPTER_BYTES)
    throw new UserError(`${file} has ${bytes} bytes, too many for an adapter`);
  return await decodeAdapterArtifact(await readFile(file), architecture, file);
}

function refuseTooLarge(
  { architecture, provenance }: ImportedModel,
  contextLength: number,
  rank: number,
  device: 'cpu' | 'cuda',
): void {
  const limit = deviceMemoryBytes(device);
  if (limit === null) return;
  const newTokens = Math.min(USUAL_NEW_TOKENS, contextLength - 1);
  const workload = {
    sampleRows: 1,
    promptTokens: contextLength - newTokens,
    newTokens,
    trainRows: 0,
    trainGroups: 1,
    rank,
  };
  const fault = refusal(device, architecture, workload, limit);
  if (fault !== null) throw new UserError(`serving ${provenance.source} ${fault}`, { code: 'out-of-memory' });
}
