/** The audit log: by page, and whole. */
import type { auditEndpoints } from '../../shared/api/audit.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { linesOf } from '../http/json-lines.ts';
import { listAuditRecords, readAuditRecords } from '../store/audit.ts';

type Row = Awaited<ReturnType<typeof listAuditRecords>>['items'][number];

const view = ({ keyId, keyName, ...row }: Row) => ({ ...row, key: { id: keyId, name: keyName } });

export function auditHandlers({ database }: Dependencies): Handlers<typeof auditEndpoints> {
  return {
    async listAuditRecords({ query }) {
      const { items, nextCursor } = await listAuditRecords(database, query);
      return { body: { items: items.map(view), nextCursor } };
    },

    async exportAuditRecords({ query }, { request }) {
      const format = (rows: readonly Row[]) => rows.map((row) => `${JSON.stringify(view(row))}\n`).join('');
      const lines = request.method === 'HEAD' ? null : linesOf(readAuditRecords(database, query), format);
      return new Response(lines, {
        headers: {
          'content-type': 'application/jsonl',
          'content-disposition': 'attachment; filename="audit.jsonl"',
          'cache-control': 'private, no-cache',
        },
      });
    },
  };
}
