import { FaceKitError, type MemberSource } from "@facekit/core";
import { httpMemberSource } from "@facekit/members-http";
import { readText } from "./photos.js";
import type { Shell } from "./shell.js";

/** The members behind the API that a JSON file describes: see docs/members-http.md. */
export async function membersApi(shell: Shell, file: string): Promise<MemberSource> {
  return httpMemberSource(JSON.parse(await readJsonText(shell, file)));
}

/** The text of a file of the command line, which can be parsed as JSON. What it says, whoever uses it checks. */
export async function readJsonText(shell: Shell, file: string): Promise<string> {
  const text = await readText(shell, file);
  try {
    JSON.parse(text);
    return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FaceKitError("invalid-argument", `${shell.path(file)} is no JSON: ${why}.`, { cause });
  }
}
