/** Fills `{name}` places of a text. */

/**
 * One pass, so a value that looks like a place (`{prompt}` in untrusted model text) stays as it is.
 *
 * @throws RangeError if the template names a value that is not given
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`the template names "${name}", which has no value`);
    return value;
  });
}
