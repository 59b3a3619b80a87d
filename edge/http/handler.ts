/** The form of a handler: validated input in; a document and the writes that make it true out. */
import type { z } from 'zod';
import type { Creator } from '../../shared/api/fields.ts';
import type { Bytes, Endpoint, EndpointInput, EndpointOutput } from '../../shared/api/endpoint.ts';
import type { Holder } from '../domain/lease.ts';
import type { Statement } from '../store/database.ts';
import type { Principal } from './keys.ts';
import type { StreamedBody } from './streamed-body.ts';

export interface Call {
  readonly principal: Principal;
  /** The key of the request, as everything that it makes tells it. */
  readonly createdBy: NonNullable<Creator>;
  /** The time of the request: one instant for everything it writes. */
  readonly now: number;
  /** The client's network address, for the audit log. */
  readonly address: () => string;
  /** The request itself, for handlers that read a header such as `Range`. */
  readonly request: Request;
}

/** Where the endpoint's body is bytes. The handler may run a second time: it must decide before it reads. */
export interface UploadCall extends Call {
  readonly upload: StreamedBody;
}

/** Headers of one answer by their names. */
export type OwnHeaders = Readonly<Record<string, string>>;

interface Writes {
  /**
   * Not run by the handler: the framework commits them in one batch, together with the record of the
   * idempotency key. If another request wins a unique row, the handler runs again and reads anew.
   */
  readonly writes?: readonly Statement[];
  /** The lease that must be held still when they are committed; undefined: they stand under none. */
  readonly holder?: Holder | undefined;
  /** What the answer carries beside those of every answer. */
  readonly headers?: OwnHeaders;
  /** Takes back what the handler did beside its writes; called where these are refused. */
  readonly undo?: () => Promise<void>;
}

type Reply<E extends Endpoint> = E['response'] extends z.ZodType
  ? Writes & {
      readonly body: EndpointOutput<E>;
      /** What a repeated request gets where that must differ: a secret is never stored. */
      readonly bodyWhenRepeated?: EndpointOutput<E>;
    }
  : E['response'] extends Bytes
    ? Response
    : Writes;

type Handler<E extends Endpoint> = (
  input: EndpointInput<E>,
  call: E['body'] extends Bytes ? UploadCall : Call,
) => Promise<Reply<E>>;

/** One handler for every endpoint of a contract: the compiler refuses a missing one. */
export type Handlers<Endpoints extends Record<string, Endpoint>> = {
  readonly [Id in keyof Endpoints]: Handler<Endpoints[Id]>;
};
