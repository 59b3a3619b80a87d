/** The Kubernetes manifests agree with each other: one pod said twice is the same pod, and names fit together. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readFigures } from '../../edge/store/figures.ts';
import { createFolder, openNodeStore } from '../edge/node-store.ts';

type Document = Readonly<Record<string, unknown>> & { readonly kind: string };
const read = (name: string): Document[] =>
  parseAllDocuments(readFileSync(new URL(`../../deploy/kubernetes/${name}`, import.meta.url), 'utf8')).map(
    (document) => document.toJS() as Document,
  );
const find = (documents: readonly Document[], kind: string) => {
  const found = documents.find((document) => document.kind === kind);
  if (!found) throw new Error(`there is no ${kind}`);
  return found;
};

interface JobSpec {
  readonly template: {
    readonly spec: {
      readonly securityContext: { readonly runAsNonRoot: boolean };
      readonly containers: readonly { readonly securityContext: object }[];
    };
  };
}

describe('the Kubernetes manifests', () => {
  const cronJob = find(read('runner.yaml'), 'CronJob') as Document & {
    spec: { suspend: boolean; jobTemplate: { spec: JobSpec } };
  };
  const scaledJob = find(read('keda.yaml'), 'ScaledJob') as Document & {
    spec: {
      jobTargetRef: JobSpec;
      triggers: { metadata: Record<string, string> }[];
    };
  };

  it('give KEDA the pod that the launcher starts', () => {
    expect(scaledJob.spec.jobTargetRef).toEqual(cronJob.spec.jobTemplate.spec);
  });

  it('fit the restricted level that the namespace enforces', () => {
    const [pod] = [cronJob.spec.jobTemplate.spec.template.spec];
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of pod.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(cronJob.spec.suspend).toBe(true);
  });

  it('ask for a figure that the edge has', async () => {
    const { database } = openNodeStore(createFolder());
    const figures = await readFigures(database, 0);
    const trigger = scaledJob.spec.triggers[0]?.metadata ?? {};
    expect(figures.map(({ name }) => name)).toContain(trigger['valueLocation']);
    expect(trigger['url']).toMatch(/\/v1\/metrics$/);
  });

  it('stand in one namespace, with the role bound to the account that it is for', () => {
    const all = ['launcher.yaml', 'runner.yaml', 'keda.yaml'].flatMap(read);
    for (const { metadata } of all) expect(metadata).toMatchObject({ namespace: 'rlcd' });
    expect(find(all, 'RoleBinding')).toMatchObject({
      roleRef: { kind: 'Role', name: 'rlcd-launcher' },
      subjects: [{ kind: 'ServiceAccount', name: 'rlcd-launcher', namespace: 'rlcd' }],
    });
  });
});
