/** What a schema finds wrong first, for messages that have room for one thing. */
import type { z } from 'zod';
import './api/fault-words.ts';

/** @returns the path of the field with dots, empty for the whole value, and what is wrong with it */
export function firstIssue({ issues: [issue] }: z.ZodError): { field: string; fault: string } {
  return { field: issue?.path.join('.') ?? '', fault: issue?.message ?? 'is wrong' };
}
