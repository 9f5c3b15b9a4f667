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

/** Reads a comma-separated environment variable; empty entries are dropped, an unset variable is `undefined`. */
export function readList(name: string): string[] | undefined {
  return readVariable(name)
    ?.split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
