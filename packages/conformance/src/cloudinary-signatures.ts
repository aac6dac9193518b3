import { createHash } from "node:crypto";

export function digest(algorithm: "md5" | "sha1", data: string | Buffer, encoding: "hex" | "base64"): string {
  return createHash(algorithm).update(data).digest(encoding);
}

/** Not part of what is signed. */
const unsigned = ["file", "cloud_name", "resource_type", "api_key", "signature"];

/**
 * The signature of a request, as the SDK makes it by default (`api_sign_request`, version 2): the SHA-1 of all parameters
 * by name with the secret behind them. `&` within a parameter is written `%26`, so that none passes for two.
 */
export function requestSignature(
  form: ReadonlyMap<string, string>,
  secret: string,
): { readonly signature: string; readonly text: string } {
  const text = [...form]
    .filter(([name, value]) => !unsigned.includes(name) && value !== "")
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name}=${value}`.replace(/&/g, "%26"))
    .join("&");
  return { signature: digest("sha1", text + secret, "hex"), text };
}

/** The signature in a delivery URL: eight characters of the SHA-1 of the path behind the version. */
export function urlSignature(publicId: string, secret: string): string {
  const whole = digest("sha1", encodeURIComponent(publicId).replace(/%2F/g, "/") + secret, "base64");
  return whole.slice(0, 8).replace(/\//g, "_").replace(/\+/g, "-");
}
