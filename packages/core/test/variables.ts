/** Runs `read` with environment variables set, and puts back what was there. */
export function withVariables<T>(variables: Record<string, string>, read: () => T): T {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return read();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
