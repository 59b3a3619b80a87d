/** Requests to the hub: redirects bounded, the token kept to its host, what passes by itself asked again, errors with a cure. */
import { ModelFileError } from '../../files/model-file-error.ts';
import { readVariables } from '../../../shared/read-variables.ts';
import { retryAfterMs } from '../../../shared/retry.ts';
import { HUB_VARIABLES } from './hub-variables.ts';

const MOST_REDIRECTS = 10;

/** A failure that may pass: the network, a cut answer, a server with too much to do. */
export class PassingHubError extends ModelFileError {
  /** What the server asked for. */
  readonly delayMs: number | undefined;

  constructor(
    what: string,
    fault: string,
    cure: string,
    options: ErrorOptions & { delayMs?: number | undefined },
  ) {
    super(what, null, fault, cure, options);
    this.delayMs = options.delayMs;
  }
}

export class HubConnection {
  readonly #endpoint: URL;
  readonly #token: string | undefined;
  /** Bytes. */
  readonly limit: number;

  /** Reads HF_ENDPOINT, HF_TOKEN and RLCD_DOWNLOAD_LIMIT_GB. @throws ConfigurationError naming the one that is wrong */
  constructor() {
    const { HF_ENDPOINT, HF_TOKEN, RLCD_DOWNLOAD_LIMIT_GB } = readVariables(HUB_VARIABLES, process.env);
    this.#endpoint = new URL(`${HF_ENDPOINT.replace(/\/+$/, '')}/`);
    this.#token = HF_TOKEN;
    this.limit = RLCD_DOWNLOAD_LIMIT_GB * 1e9;
  }

  /**
   * @param path under the endpoint, encoded
   * @param what model or file that errors name
   * @returns an answer with 200 or 206; the caller reads or cancels its body
   * @throws PassingHubError, or ModelFileError where asking again is of no use
   */
  async get(path: string, what: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    let url = new URL(path, this.#endpoint);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await this.#fetch(url, what, headers);
      const place = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || place === null) {
        if (response.status === 200 || response.status === 206) return response;
        await response.body?.cancel();
        throw refusal(response, url, what, this.#sendsTokenTo(url));
      }
      await response.body?.cancel();
      const next = new URL(place, url);
      if (next.protocol !== 'https:' && next.protocol !== url.protocol) {
        throw new ModelFileError(
          what,
          null,
          `${url.host} redirects to ${next.protocol}//${next.host}`,
          CHECK_ENDPOINT,
        );
      }
      url = next;
    }
    throw new ModelFileError(
      what,
      null,
      `${url.host} redirects more than ${MOST_REDIRECTS} times`,
      CHECK_ENDPOINT,
    );
  }

  async #fetch(url: URL, what: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    const authorization = this.#sendsTokenTo(url) ? { authorization: `Bearer ${this.#token}` } : {};
    try {
      return await fetch(url, { headers: { ...headers, ...authorization }, redirect: 'manual' });
    } catch (error) {
      throw new PassingHubError(
        what,
        `${url.host} cannot be reached`,
        'Connect to the network, set HF_ENDPOINT to a mirror, or download the folder by other means and give its path',
        { cause: error },
      );
    }
  }

  #sendsTokenTo({ host, protocol, hostname }: URL): boolean {
    const isSafe = protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
    return this.#token !== undefined && host === this.#endpoint.host && isSafe;
  }
}

const CHECK_ENDPOINT = 'Check HF_ENDPOINT, or download the folder by other means and give its path';

function refusal(response: Response, { host }: URL, what: string, sentToken: boolean): ModelFileError {
  const { status } = response;
  const fault = `${host} answered ${status}`;
  if (status === 429 || status >= 500) {
    const delayMs = retryAfterMs(response);
    return new PassingHubError(what, fault, 'Try again later; what has arrived is kept', { delayMs });
  }
  const told = response.headers.get('x-error-code');
  if (status === 401 || status === 403) {
    const gated = told === 'GatedRepo' ? ' (the model is gated)' : '';
    const cure = sentToken
      ? "Accept the model's licence on its page with the account of HF_TOKEN, or set HF_TOKEN to a token that may read it"
      : "Check the id; for a private or gated model accept its licence on its page and set HF_TOKEN to that account's token";
    return new ModelFileError(what, null, `${fault}${gated}`, cure);
  }
  const cure =
    status === 404
      ? 'Check the id and the revision; a private model needs HF_TOKEN'
      : 'Try again later, or download the folder by other means and give its path';
  return new ModelFileError(what, null, fault, cure);
}
