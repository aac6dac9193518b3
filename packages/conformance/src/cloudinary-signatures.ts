import { createHash } from "node:crypto";

/** Which of the two an account uses: https://cloudinary.com/documentation/authentication_signatures. */
export type SignatureAlgorithm = "sha1" | "sha256";

export function digest(
  algorithm: "md5" | SignatureAlgorithm,
  data: string | Buffer,
  encoding: "hex" | "base64",
): string {
  return createHash(algorithm).update(data).digest(encoding);
}

/** Not part of what is signed. */
const unsigned = ["file", "cloud_name", "resource_type", "api_key", "signature"];

/**
 * The signature of a request, as the SDK makes it by default (`api_sign_request`, version 2): the hash of all parameters
 * by name with the secret behind them. `&` within a parameter is written `%26`, so that none passes for two.
 */
export function requestSignature(
  form: ReadonlyMap<string, string>,
  secret: string,
  algorithm: SignatureAlgorithm,
): { readonly signature: string; readonly text: string } {
  const text = [...form]
    .filter(([name, value]) => !unsigned.includes(name) && value !== "")
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name}=${value}`.replace(/&/g, "%26"))
    .join("&");
  return { signature: digest(algorithm, text + secret, "hex"), text };
}

/** The signature in a delivery URL: eight characters of the hash of the path behind the version. */
export function urlSignature(publicId: string, secret: string, algorithm: SignatureAlgorithm): string {
  const whole = digest(algorithm, encodeURIComponent(publicId).replace(/%2F/g, "/") + secret, "base64");
  return whole.slice(0, 8).replace(/\//g, "_").replace(/\+/g, "-");
}
