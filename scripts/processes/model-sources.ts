/** From where a program that this one starts may open models: the hub, and what its user has named, unless RLCD_MODEL_SOURCES says otherwise. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The variable's value. @param models folders and files that are there are opened, besides the hub */
export function modelSources(models: readonly string[]): string {
  const told = process.env['RLCD_MODEL_SOURCES'];
  if (told !== undefined) return told;
  const places = models.filter((model) => existsSync(model)).map((model) => resolve(model));
  return ['*', ...places.map(withoutComma)].join(',');
}

/** The list has commas between its places: of a path that has one itself, the folder above it. */
function withoutComma(place: string): string {
  return place.includes(',') ? withoutComma(dirname(place)) : place;
}
