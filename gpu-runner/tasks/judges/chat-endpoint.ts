/** A chat model behind an OpenAI-compatible server as judge; its address and key are the runner's. */
import type { AskChat } from '../../algorithms/judge/chat-judge.ts';
import { apiKey, type Environment, httpAddress, readVariables } from '../../../shared/read-variables.ts';
import { chatCompletion } from '../../served-model/completions.ts';
import { postJson, type Endpoint, type Patience } from '../../served-model/post-json.ts';
import { servedHosts } from '../../served-model/served-hosts.ts';
import { TaskInputError } from '../task-context.ts';

/** What names the endpoint of judges that name none themselves. */
export const JUDGE_VARIABLES = {
  RLCD_JUDGE_URL: {
    help: 'address of an OpenAI-compatible endpoint that judges, up to /v1; experiments may then name its models',
    schema: httpAddress.optional(),
  },
  RLCD_JUDGE_KEY: {
    help: "key of that endpoint; it stays in this runner's memory",
    schema: apiKey.optional(),
  },
} as const;

/**
 * @param url of the judge, where the experiment names it; else the runner's own
 * @throws TaskInputError if neither is known; ServerNotAllowedError; ConfigurationError
 */
export function judgeEndpoint(
  url: string | undefined,
  environment: Environment<typeof JUDGE_VARIABLES> & { readonly [name: string]: string | undefined },
): Endpoint {
  if (url !== undefined) return servedHosts(environment).endpointOf(url);
  const own = readVariables(JUDGE_VARIABLES, environment);
  if (own.RLCD_JUDGE_URL === undefined) {
    throw new TaskInputError(
      'this runner knows no endpoint to judge by: start it with RLCD_JUDGE_URL (and RLCD_JUDGE_KEY), name the url of ' +
        'one that RLCD_SERVED_HOSTS allows, or choose another judge',
    );
  }
  return {
    url: own.RLCD_JUDGE_URL,
    key: own.RLCD_JUDGE_KEY ?? null,
    settings: 'RLCD_JUDGE_URL and RLCD_JUDGE_KEY',
  };
}

/** Asks the endpoint. @throws as {@link postJson} */
export function chatEndpoint(endpoint: Endpoint, patience?: Patience): AskChat {
  return async ({ model, system, user, temperature, maximumTokens }, signal) => {
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ];
    const body = { model, messages, temperature, max_tokens: maximumTokens };
    const { answer, retries } = await postJson(
      endpoint,
      '/chat/completions',
      body,
      chatCompletion,
      signal,
      patience,
    );
    return { text: answer.choices[0].message.content ?? '', tokens: answer.usage, retries };
  };
}
