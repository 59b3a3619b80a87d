/** Prompt sets: streamed in, split and counted; seen by nobody before they are whole. */
import type { promptSetEndpoints } from '../../shared/api/prompt-sets.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { conflict, notFound, requireUnused } from '../domain/errors.ts';
import { readUpload, type PromptRow, type UploadCounts } from '../domain/prompt-sets/read-upload.ts';
import { formatOfType } from '../../shared/prompts/file-rows.ts';
import { readSplitRule } from '../domain/prompt-sets/split-rule.ts';
import { commit } from '../store/database.ts';
import { whoUsesPromptSet } from '../store/uses.ts';
import { createIdentifier } from '../store/identifier.ts';
import {
  beginPromptSet,
  countPrompts,
  deletePromptSet,
  findPromptSet,
  finishPromptSet,
  hasPromptSetNamed,
  insertPrompts,
  listPrompts,
  listPromptSets,
} from '../store/prompt-sets.ts';

/** Rows are written so many characters at a time: memory does not grow with the upload. */
const CHARACTERS_A_WRITE = 1_000_000;

export function promptSetHandlers({ database }: Dependencies): Handlers<typeof promptSetEndpoints> {
  async function requirePromptSet(id: string) {
    const promptSet = await findPromptSet(database, id);
    if (!promptSet) throw notFound(`prompt set ${id}`);
    return promptSet;
  }

  /** Writes the rows as they come; where one is refused, what was written is gone again. */
  async function store(rows: AsyncIterable<PromptRow>, begin: () => Promise<string>): Promise<string> {
    let id: string | undefined;
    let waiting: PromptRow[] = [];
    let characters = 0;
    const write = async () => {
      id ??= await begin();
      await insertPrompts(database, id, waiting);
      waiting = [];
      characters = 0;
    };
    try {
      for await (const row of rows) {
        waiting.push(row);
        characters += JSON.stringify(row).length;
        if (characters >= CHARACTERS_A_WRITE) await write();
      }
      await write();
      return id ?? (await begin());
    } catch (error) {
      if (id !== undefined) await commit(database, [deletePromptSet(database, id)]);
      throw error;
    }
  }

  return {
    async createPromptSet({ query }, { now, createdBy, upload, request }) {
      const { name, promptColumn, ...splitRule } = query;
      const rule = readSplitRule(splitRule);
      if (await hasPromptSetNamed(database, name)) {
        throw conflict(`A prompt set has the name ${name}; choose another`);
      }
      const seen: UploadCounts = { leftOut: 0, unpaired: 0, unusable: {} };
      const reading = { format: formatOfType(request.headers.get('content-type')), promptColumn };
      const id = await store(readUpload(upload.chunks(), rule, seen, reading), async () => {
        const fresh = createIdentifier(now);
        await beginPromptSet(database, { id: fresh, splitRule, createdAt: now, createdBy });
        return fresh;
      });
      const counts = { ...(await countPrompts(database, id)), ...seen };
      const promptSet = { id, name, contentSha256: upload.sha256, bytes: upload.bytes, counts };
      return {
        body: { ...promptSet, splitRule, createdAt: now, createdBy },
        writes: [finishPromptSet(database, promptSet, now)],
        undo: async () => void (await commit(database, [deletePromptSet(database, id)])),
      };
    },

    async listPromptSets({ query }) {
      return { body: await listPromptSets(database, query) };
    },

    async getPromptSet({ parameters }) {
      return { body: await requirePromptSet(parameters.promptSetId) };
    },

    async listPrompts({ parameters, query }) {
      const { id } = await requirePromptSet(parameters.promptSetId);
      return { body: await listPrompts(database, id, query) };
    },

    async deletePromptSet({ parameters }) {
      const { id, name } = await requirePromptSet(parameters.promptSetId);
      requireUnused(`prompt set ${name}`, await whoUsesPromptSet(database, id));
      return { writes: [deletePromptSet(database, id)] };
    },
  };
}
