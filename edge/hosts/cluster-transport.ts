/** What the Node host adds to launching: a cluster's own certificate authority, and secrets mounted as files. */
import { readFile } from 'node:fs/promises';
import { Agent, fetch as fetchThrough } from 'undici';
import { apiKey, ConfigurationError, KEY_FAULT } from '../../shared/read-variables.ts';
import type { LaunchEnvironment, LaunchTransport } from '../orchestration/launch/configuration.ts';
import type { Send } from '../orchestration/launch/launcher.ts';

/** Trusts this authority and no other: what speaks for the cluster must have its certificate. */
function trusting(authority: string): Send {
  const dispatcher = new Agent({ connect: { ca: authority } });
  return async (request) => {
    const { method, redirect, signal, url } = request;
    const headers = Object.fromEntries(request.headers);
    const body = request.body === null ? null : await request.text();
    const answer = await fetchThrough(url, { method, headers, body, redirect, signal, dispatcher });
    const init = { status: answer.status, headers: Object.fromEntries(answer.headers) };
    return new Response(await answer.arrayBuffer(), init);
  };
}

type ClusterEnvironment = LaunchEnvironment & {
  readonly RLCD_KUBERNETES_TOKEN_FILE?: string | undefined;
  readonly RLCD_KUBERNETES_CA_FILE?: string | undefined;
};

/**
 * `RLCD_KUBERNETES_TOKEN_FILE` and `RLCD_KUBERNETES_CA_FILE` name files in the place of the values, as a pod has them
 * under /var/run/secrets/kubernetes.io/serviceaccount. The token is read at every launch, for it is replaced there.
 *
 * @throws Error where the authority's file cannot be read
 */
export async function openClusterTransport(
  environment: ClusterEnvironment,
): Promise<{ readonly environment: LaunchEnvironment; readonly transport: LaunchTransport }> {
  const {
    RLCD_KUBERNETES_TOKEN_FILE: tokenFile = '',
    RLCD_KUBERNETES_CA_FILE: authorityFile = '',
    ...rest
  } = environment;
  const token = async () => {
    const found = apiKey.safeParse((await readFile(tokenFile, 'utf8')).trim());
    if (found.success) return found.data;
    throw new ConfigurationError(`The file of RLCD_KUBERNETES_TOKEN_FILE ${KEY_FAULT}`);
  };
  return {
    environment: {
      ...rest,
      ...(authorityFile === '' ? {} : { RLCD_KUBERNETES_CA: await readFile(authorityFile, 'utf8') }),
    },
    transport: { trusting, ...(tokenFile === '' ? {} : { token }) },
  };
}
