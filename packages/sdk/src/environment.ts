import { diag } from '@opentelemetry/api';
import { getStringListFromEnv } from '@opentelemetry/core';

/** The longest delay that a timer takes; a longer one fires at once. */
export const MAX_TIMER_MILLIS: number = 2 ** 31 - 1;

/**
 * Reads a variable that holds a comma-separated list of names, and answers with what each of them stands for.
 *
 * `none` anywhere makes the list empty; unset, or without a name that is known, it is that of `defaults`.
 * Names are matched in any case and taken once. Unknown ones are left out, with one warning that ends in
 * `cure`.
 */
export function selectFromEnvironment<Choice>(
  variable: string,
  choices: Readonly<Record<string, Choice>>,
  defaults: readonly string[],
  cure: string,
): Choice[] {
  const listed = new Set(getStringListFromEnv(variable)?.map((name) => name.toLowerCase()));
  if (listed.has('none')) return [];
  const unknown = [...listed].filter((name) => !Object.hasOwn(choices, name));
  const known = [...listed].filter((name) => Object.hasOwn(choices, name));
  if (unknown.length > 0) {
    const bundled = [...Object.keys(choices), 'none'].join(', ');
    const outcome = known.length > 0 ? 'Left out' : `Using ${defaults.join(', ')}`;
    diag.warn(`${variable}: ${unknown.join(', ')} not known here, only ${bundled}. ${outcome}. ${cure}`);
  }
  return (known.length > 0 ? known : defaults).map((name) => choices[name] as Choice);
}

/**
 * Reads a variable that holds a whole number; unset or blank it is `fallback`.
 *
 * So it is, with one warning, where the text is no whole number from `minimum` to what a timer takes. Left to
 * itself SDK 2 takes such a number: a batch size of 0 hangs its flush, a queue size of -1 loses every span.
 */
export function integerFromEnvironment(variable: string, fallback: number, minimum = 1): number {
  const text = process.env[variable]?.trim();
  if (!text) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= minimum && value <= MAX_TIMER_MILLIS) return value;
  const range = `from ${minimum} to ${MAX_TIMER_MILLIS}`;
  diag.warn(`${variable}: "${text}" is not a whole number ${range}. Using ${fallback}.`);
  return fallback;
}
