/** A test for the value of an option, and what it expects, as an error message says it. */
export type Check = readonly [test: (value: unknown) => boolean, expected: string];

/** Tells whether a value can be called. */
export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** Makes the test for objects with a method of this name: classes of the SDK cannot be told by `instanceof`. */
export function hasMethod(method: string): (value: unknown) => boolean {
  return (value) => isFunction((value as Record<string, unknown> | null)?.[method]);
}

const isName = (value: unknown): boolean => typeof value === 'string' || value instanceof RegExp;
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every(isName);

const NAMES: Check = [isNames, 'an array of header names or regular expressions'];
/** A callback of the user's. */
export const HOOK: Check = [isFunction, 'a function'];

/** Names of the options that servers and clients have alike. */
type CommonOption =
  | 'excludedUrls'
  | 'captureRequestHeaders'
  | 'captureResponseHeaders'
  | 'sanitizeHeaders'
  | 'requestHook'
  | 'responseHook'
  | 'tracerProvider'
  | 'meterProvider'
  | 'propagator';

/** Checks of the options that servers and clients have alike. */
export const COMMON_CHECKS: Readonly<Record<CommonOption, Check>> = {
  excludedUrls: [
    (value) =>
      typeof value === 'string' ||
      (Array.isArray(value) && value.every((entry) => isName(entry) || isFunction(entry))),
    'a comma-separated string, or an array of strings, regular expressions and predicates',
  ],
  captureRequestHeaders: NAMES,
  captureResponseHeaders: NAMES,
  sanitizeHeaders: [
    (value) => {
      const form = value as { replaceDefaults?: unknown; names?: unknown };
      return isNames(value) || (form?.replaceDefaults === true && isNames(form.names));
    },
    'an array of header names or regular expressions, or { replaceDefaults: true, names: [...] }',
  ],
  requestHook: HOOK,
  responseHook: HOOK,
  tracerProvider: [hasMethod('getTracer'), 'a TracerProvider'],
  meterProvider: [hasMethod('getMeter'), 'a MeterProvider'],
  propagator: [(value) => hasMethod('extract')(value) && hasMethod('inject')(value), 'a TextMapPropagator'],
};

/** Tells an object literal from those of classes, such as the requests and contexts that frameworks call middleware with. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Checks options that may come from plain JavaScript. An option that is `undefined` is not set.
 *
 * @param owner - the package that the message names.
 * @param otherOptions - names of options that are checked elsewhere.
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure.
 */
export function validateOptions(
  owner: string,
  options: unknown,
  checks: Readonly<Record<string, Check>>,
  otherOptions: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${owner}: options must be an object. Leave the argument out for the defaults.`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (otherOptions.includes(name)) continue;
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      if (!isPlain(options))
        throw new TypeError(
          `${owner}: options must be a plain object. Was a function registered that was to be called, as in app.use(opentelemetry())?`,
        );
      const names = [...otherOptions, ...Object.keys(checks)].join(', ');
      throw new TypeError(`${owner}: there is no option "${name}". Remove it, or use one of ${names}.`);
    }
    const [valid, expected] = check;
    if (value !== undefined && !valid(value)) {
      throw new TypeError(`${owner}: option "${name}" must be ${expected}.`);
    }
  }
}
