/** Reads an environment variable where the runtime has any; an unset and an unreadable one are `undefined`. */
export function readVariable(name: string): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return process?.env?.[name];
  } catch {
    // Deno throws where reading the environment is not permitted.
    return undefined;
  }
}

/**
 * Reads a comma-separated environment variable; empty entries are dropped. A variable that is unset or holds no entry is
 * `undefined`, since OpenTelemetry takes an empty variable for an unset one.
 */
export function readList(name: string): string[] | undefined {
  const entries = readVariable(name)
    ?.split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return entries?.length === 0 ? undefined : entries;
}
