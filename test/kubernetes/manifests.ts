/** The manifests of deploy/kubernetes as they are sent to an API server. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Answer, Cluster } from './cluster.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const RESOURCES: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ResourceQuota: 'resourcequotas',
  NetworkPolicy: 'networkpolicies',
  ServiceAccount: 'serviceaccounts',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  Secret: 'secrets',
  CronJob: 'cronjobs',
};

export function readManifests(name: string): Manifest[] {
  const text = readFileSync(new URL(`../../deploy/kubernetes/${name}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** @throws Error where the file has none of that kind */
export function readManifest(name: string, kind: string): Manifest {
  const found = readManifests(name).find((manifest) => manifest.kind === kind);
  if (!found) throw new Error(`${name} has no ${kind}`);
  return found;
}

/** Where an object lies. */
export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: Manifest): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${group}${place}/${RESOURCES[kind] ?? kind}/${name}`;
}

/** As `kubectl apply --server-side --validate=strict` does; a dry run is checked all the same and writes nothing. */
export async function apply(
  cluster: Cluster,
  manifest: Manifest,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Answer> {
  const query = `fieldManager=tests&fieldValidation=Strict&force=true${dryRun ? '&dryRun=All' : ''}`;
  return await cluster.request(`${pathOf(manifest)}?${query}`, {
    method: 'PATCH',
    mediaType: 'application/apply-patch+yaml',
    body: manifest,
  });
}

/** The same with a text of its JSON put in the place of another. */
export function changed(manifest: Manifest, from: string, to: string): Manifest {
  const text = JSON.stringify(manifest);
  if (!text.includes(from)) throw new Error(`the manifest has no ${from}`);
  return JSON.parse(text.replaceAll(from, to)) as Manifest;
}
