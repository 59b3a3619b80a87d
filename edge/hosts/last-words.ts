/** What a process said last on its standard error: the line that says why it ended, without the secrets that it was given. */

/** More of its end is not looked at. */
const KEPT_BYTES = 16 * 1024;
const MAXIMUM_CHARACTERS = 300;
/** Of variables that hold what nobody is to read in a log. */
const SECRET_NAME = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i;
/** Shorter values stand in ordinary words. */
const SHORTEST_SECRET = 6;
const API_KEY = /rlcd_[0-9a-f-]{36}_[A-Za-z0-9_-]+/g;
/** Colours, and what else would act on a terminal that shows the line. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u001f\u007f-\u009f]/g;

/** The frames of a stack, the inside of a printed object, and how Node ends its report. */
function isDetail(line: string): boolean {
  return /^\s|^[\])}]|^\^|^Node\.js v/.test(line);
}

export class LastWords {
  readonly #secrets: readonly string[];
  #end = Buffer.alloc(0);
  #isCut = false;

  /** @param environment what the process was given */
  constructor(environment: NodeJS.ProcessEnv) {
    this.#secrets = Object.entries(environment)
      .flatMap(([name, value]) => (value !== undefined && SECRET_NAME.test(name) ? [value.trim()] : []))
      .filter((value) => value.length >= SHORTEST_SECRET)
      .toSorted((a, b) => b.length - a.length);
  }

  hear(chunk: Uint8Array): void {
    const all = Buffer.concat([this.#end, chunk]);
    this.#isCut ||= all.length > KEPT_BYTES;
    this.#end = all.subarray(-KEPT_BYTES);
  }

  /** Undefined where it said nothing. */
  get line(): string | undefined {
    const lines = this.#end.toString().split(/\r?\n/);
    // The first may lack its beginning, and a secret in it would not be known as one.
    if (this.#isCut) lines.shift();
    const said = lines.filter((line) => line.trim() !== '');
    const line = said.findLast((one) => !isDetail(one)) ?? said.at(-1);
    return line === undefined ? undefined : this.#redact(line).slice(0, MAXIMUM_CHARACTERS);
  }

  #redact(line: string): string {
    const withoutValues = this.#secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
    return withoutValues.replaceAll(API_KEY, '[secret]').replaceAll(CONTROL, ' ').trim();
  }
}
