import { accessDenied, invalid } from "./failures.js";

/** Where `{env:NAME}` is looked up. */
export type Environment = Readonly<Record<string, string | undefined>>;

const variable = /\{env:([^{}]*)\}/g;

/** Throws for what is no template, or names a variable that is not set; gives it filled. */
export function checkTemplate(name: string, template: unknown, environment: Environment): string {
  if (typeof template !== "string") throw invalid(`${name} wants a string.`);
  return fill(template, environment);
}

/** Puts the variables in. Rejects with `access-denied` where one is not set: its name is told, and never a value. */
export function fill(template: string, environment: Environment): string {
  return template.replace(variable, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === "") {
      throw accessDenied(`The environment variable ${name} is not set: the members' API wants it.`);
    }
    return value;
  });
}

export function fillAll(
  templates: Readonly<Record<string, string>> | undefined,
  environment: Environment,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(templates ?? {}).map(([name, template]) => [name, fill(template, environment)]),
  );
}
