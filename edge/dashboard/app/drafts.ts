/** What was typed into forms and not sent, of each key: there again when a session that ran out is begun anew, gone when one signs out. */
const drafts = new Map<string, Map<string, object>>();

/** By the name of the form. */
export function draftsOf(keyId: string): Map<string, object> {
  const own = drafts.get(keyId) ?? new Map<string, object>();
  drafts.set(keyId, own);
  return own;
}

export function forgetDrafts(): void {
  drafts.clear();
}
