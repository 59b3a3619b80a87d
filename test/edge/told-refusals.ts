/** Holds every refusal that any test of the edge meets against what its operation says that it may refuse. */
import { refusalsOf } from '../../edge/http/refusals.ts';
import { contract } from '../../shared/api/contract.ts';
import type { Endpoint } from '../../shared/api/endpoint.ts';
import { problem } from '../../shared/api/problem.ts';

const OPERATIONS = Object.entries<Endpoint>(contract).map(([operation, endpoint]) => ({
  operation,
  endpoint,
  method: endpoint.method.toUpperCase(),
  pattern: new RegExp(`^${endpoint.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** @returns the response @throws Error where it is a refusal that the operation does not tell */
export async function toldRefusal(request: Request, response: Response): Promise<Response> {
  if (response.status < 400 || request.method === 'HEAD') return response;
  const { pathname } = new URL(request.url);
  const found = OPERATIONS.find(({ method, pattern }) => method === request.method && pattern.test(pathname));
  if (!found) return response;
  const { operation, endpoint } = found;
  const { status, headers } = response;
  if (headers.get('content-type') === 'application/json' && endpoint.handedOn?.statuses.includes(status))
    return response;
  const { type } = problem.parse(await response.clone().json());
  const told = refusalsOf(endpoint).get(status) ?? [];
  if (told.some((code) => type === `urn:rlcd:problem:${code}`)) return response;
  throw new Error(`${operation} answered ${status} ${type}, and tells of ${told.join(', ') || 'none'} there`);
}
