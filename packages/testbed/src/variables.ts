/** Sets environment variables while `run` runs or its promise is pending, and puts back what was there. */
export function withVariables<T>(variables: Readonly<Record<string, string>>, run: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const restore = (): void => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  Object.assign(process.env, variables);
  let result: T;
  try {
    result = run();
  } catch (error) {
    restore();
    throw error;
  }
  // Not instanceof: promises of Node itself are of another realm than Jest's.
  const { finally: settled } = Object(result) as Partial<Promise<unknown>>;
  if (settled !== undefined) return settled.call(result, restore) as T;
  restore();
  return result;
}
