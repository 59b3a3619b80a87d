/** Column forms that every table repeats. */
import type { Creator } from '../../../shared/api/fields.ts';
import { sql, type SQLWrapper } from 'drizzle-orm';
import { integer, text } from 'drizzle-orm/sqlite-core';

/** A UUID version 7 as text: it sorts by creation, so `ORDER BY id` is a list's order and its cursor. */
export const id = () => text('id').primaryKey();

/** Milliseconds since the epoch, from the injected clock. */
export const instant = (name: string) => integer(name);

/** A JSON value in a text column. */
export const json = <T>(name: string) => text(name, { mode: 'json' }).$type<T>();

/** Who made a row; null where the edge did, or before it kept this. */
export const creator = () => json<NonNullable<Creator>>('created_by');

/** Who moved a label last; null where the edge did, or before it kept this. */
export const mover = () => json<NonNullable<Creator>>('moved_by');

/** The id of the key that made a row. */
export const creatorId = (createdBy: SQLWrapper) => sql`${createdBy} ->> 'id'`;

/** A value without a fixed form: validated by the route that writes it. */
export type JsonObject = Record<string, unknown>;
