import { Agent } from "node:http";
import { FaceKitError } from "@facekit/core";
import { adapterId } from "./failures.js";

/** An account as the SDK's calls want it: nothing is kept in the SDK's global configuration. */
export interface Account {
  readonly common: {
    readonly cloud_name: string;
    readonly api_key: string;
    readonly api_secret: string;
    readonly upload_prefix?: string;
    readonly signature_algorithm?: string;
    /** The SDK speaks HTTPS unless it is given this. */
    readonly agent?: Agent;
    readonly resource_type: "raw";
    /** Read with a signature only. */
    readonly type: "authenticated";
  };
  readonly delivery: {
    readonly secure: boolean;
    readonly cname?: string;
    readonly private_cdn?: boolean;
    readonly secure_distribution?: string;
  };
}

/** Reads `cloudinary://KEY:SECRET@CLOUD?upload_prefix=…`, the form that the SDK takes from `CLOUDINARY_URL`. */
export function parseAccount(text: string): Account {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const key = decoded(url?.username);
  const secret = decoded(url?.password);
  if (url?.protocol !== "cloudinary:" || !key || !secret || url.hostname === "") {
    // The value holds a secret, so the message does not.
    throw new FaceKitError(
      "invalid-argument",
      "url wants cloudinary://API_KEY:API_SECRET@CLOUD_NAME, as the console shows it for CLOUDINARY_URL.",
      { adapter: adapterId },
    );
  }
  const option = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const prefix = option("upload_prefix");
  const algorithm = option("signature_algorithm");
  const cname = option("cname");
  const distribution = option("secure_distribution");
  return {
    common: {
      cloud_name: url.hostname,
      api_key: key,
      api_secret: secret,
      ...(prefix !== undefined && { upload_prefix: prefix }),
      ...(prefix?.startsWith("http:") && { agent: new Agent({ keepAlive: true }) }),
      ...(algorithm !== undefined && { signature_algorithm: algorithm }),
      resource_type: "raw",
      type: "authenticated",
    },
    delivery: {
      secure: option("secure") !== "false",
      ...(cname !== undefined && { cname }),
      ...(option("private_cdn") === "true" && { private_cdn: true }),
      ...(distribution !== undefined && { secure_distribution: distribution }),
    },
  };
}

/** Undefined for what is not encoded as in a URL. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
