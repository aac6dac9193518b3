import { checkFunction, checkKeys, checkNumber, checkText } from "@facekit/core";
import { checkTemplate } from "./environment.js";
import { invalid } from "./failures.js";

/**
 * Which members' API, and where in it things lie. All but `environment` and `fetch` is plain data, so that a JSON file
 * can hold it. Secrets are never in it: in headers and in the body of a login, `{env:NAME}` stands for the variable of that
 * name.
 *
 * A path begins with `/` and follows `baseUrl`; `{id}` and `{namespace}` in it stand for the member's id and the namespace.
 * An API whose paths name no `{namespace}` has the same members in each.
 *
 * A place is a path through the answer, such as `"data.customer"` or `"items.0"`, the names parted by dots.
 */
export interface HttpMemberSourceOptions {
  /** `http:` or `https:`, without user, password, query or fragment. */
  readonly baseUrl: string;
  /** Sent with every call, the login too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Without one, calls go with `headers` alone. */
  readonly login?: LoginOptions;
  readonly member: MemberOptions;
  /** Without it, `list` rejects with `not-supported`. */
  readonly list?: ListOptions;
  readonly purchases?: PurchasesOptions;
  /**
   * Creates or replaces a member. Default method PUT. A POST is not sent again after an answer that was lost. `put` and
   * `delete` come together.
   */
  readonly put?: WriteOptions;
  /**
   * Changes the fields of a member that it is sent, and no others. Default method PATCH. Where there is no such member, `put`
   * is asked to make one. Without it, flows put members whole: then what others wrote meanwhile is lost, and so is what the
   * API keeps beside these fields and PUT does not leave alone. Wants `put`.
   */
  readonly merge?: WriteOptions;
  /** Deletes a member with all purchases. Default method DELETE. */
  readonly delete?: WriteOptions;
  /**
   * Adds a purchase; `{purchaseId}` in its path stands for the purchase's id. Default method PUT. 409 and 412 are taken as
   * "it is there already". A POST is not sent again after an answer that was lost.
   */
  readonly addPurchase?: WriteOptions;
  /** How the API writes dates. Default `"iso"`. Dates without a zone are UTC. */
  readonly dates?: "iso" | "seconds" | "milliseconds";
  /** How long one request may take until its answer is read, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** How long a call, or a page of a list, may take with all its waiting and repeating, in milliseconds. Default 20,000. */
  readonly deadlineMs?: number;
  /** No more requests begin in a second, evenly spaced. Default: no limit. */
  readonly requestsPerSecond?: number;
  /** How many requests are under way at a time. Default 8. */
  readonly concurrentRequests?: number;
  /** A larger answer is refused. Default 8 MiB. */
  readonly maxResponseBytes?: number;
  /** How many entries are sorted in memory where the API's order is another. Default 100,000. */
  readonly sortAtMost?: number;
  /** Where `{env:NAME}` is looked up, at each request. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default the global one. It must honour `redirect: "manual"`. */
  readonly fetch?: typeof fetch;
}

export interface LoginOptions {
  readonly path: string;
  /** Default `"POST"`. */
  readonly method?: string;
  /** What is sent: strings may hold `{env:NAME}`. */
  readonly body?: Readonly<Record<string, string>>;
  /** Default `"json"`; `"form"` is what OAuth's token endpoints take (RFC 6749, 4.4.2). */
  readonly format?: "json" | "form";
  readonly headers?: Readonly<Record<string, string>>;
  /** The place of the token in the answer. */
  readonly token: string;
  /** The header that carries it. Default `"Authorization"`. */
  readonly header?: string;
  /** What the header says. Default `"Bearer {token}"`. */
  readonly value?: string;
}

export interface MemberFields {
  /** Places in a member's record. */
  readonly id: string;
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly createdAt?: string;
}

export interface MemberOptions {
  readonly path: string;
  /** The place of the record in the answer. Default: the answer itself. */
  readonly at?: string;
  readonly fields: MemberFields;
}

export interface ListOptions {
  readonly path: string;
  /** The place of the array in the answer. Default: the answer itself. */
  readonly at?: string;
  /** Default: those of `member`. */
  readonly fields?: MemberFields;
  /** Default: all come in one answer. */
  readonly paging?: PagingOptions;
  /**
   * `code-unit`: the API lists by id in the order of UTF-16 code units, and no more than a page is held. `any`, the default:
   * up to `sortAtMost` members are held and sorted; where there are more, `list` rejects with `not-supported`.
   */
  readonly order?: "code-unit" | "any";
}

/**
 * `page`: by number, from `first` (default 1). `offset`: by how many came before. Both end with an empty page, or at
 * `total`: the place of the number of all entries. `cursor`: the place `next` of each answer holds what to send for the
 * next one. `link`: it holds the next page's address; without `next`, the header `Link` does (RFC 8288).
 */
export type PagingOptions =
  | (PageSize & { readonly kind: "page"; readonly parameter: string; readonly first?: number; readonly total?: string })
  | (PageSize & { readonly kind: "offset"; readonly parameter: string; readonly total?: string })
  | (PageSize & { readonly kind: "cursor"; readonly parameter: string; readonly next: string })
  | (PageSize & { readonly kind: "link"; readonly next?: string });

interface PageSize {
  /** The query's parameter that says how many entries are wanted, and how many those are. */
  readonly sizeParameter?: string;
  readonly size?: number;
}

export interface PurchaseFields {
  /** Places in a purchase's record. */
  readonly id: string;
  readonly product: string;
  /** Default: each is 1. */
  readonly quantity?: string;
  /** A decimal string, or a number, of which every digit is kept. What is neither is handed on as it is. */
  readonly total: string;
  readonly currency?: string;
  readonly at?: string;
}

export interface PurchasesOptions {
  readonly path: string;
  readonly at?: string;
  readonly fields: PurchaseFields;
  /** That of purchases which name none. Without it theirs is `""`. */
  readonly currency?: string;
  readonly paging?: PagingOptions;
  /**
   * `oldest-first`: as `MemberSource.purchases` gives them, so no more than a page is held. `any`, the default: up to
   * `sortAtMost` of a member are held and sorted.
   */
  readonly order?: "oldest-first" | "any";
}

export interface WriteOptions {
  readonly path: string;
  readonly method?: string;
  /** Where in the body the record is put, with the fields of `member` or `purchases`. Default: it is the body. */
  readonly at?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Throws `invalid-argument` for what no API can be reached by. */
export function checkOptions(options: HttpMemberSourceOptions): void {
  checkKeys("httpMemberSource", options, [
    "baseUrl",
    "headers",
    "login",
    "member",
    "list",
    "purchases",
    "put",
    "merge",
    "delete",
    "addPurchase",
    "dates",
    "timeoutMs",
    "deadlineMs",
    "requestsPerSecond",
    "concurrentRequests",
    "maxResponseBytes",
    "sortAtMost",
    "environment",
    "fetch",
  ]);
  const { login, member, list, purchases, addPurchase, environment = process.env } = options;
  checkBaseUrl(options.baseUrl);
  checkHeaders("headers", options.headers, environment);
  if (options.dates !== undefined) checkOneOf("dates", options.dates, ["iso", "seconds", "milliseconds"]);
  for (const name of ["timeoutMs", "deadlineMs"] as const) {
    if (options[name] !== undefined) checkNumber(name, options[name], { min: 1, max: 3_600_000 });
  }
  if (options.requestsPerSecond !== undefined) {
    checkNumber("requestsPerSecond", options.requestsPerSecond, { min: 0.001, max: 1e6 });
  }
  for (const name of ["concurrentRequests", "maxResponseBytes", "sortAtMost"] as const) {
    if (options[name] !== undefined) checkNumber(name, options[name], { min: 1, max: 2 ** 31, integer: true });
  }
  if (options.fetch !== undefined) checkFunction("fetch", options.fetch);
  if (login !== undefined) checkLogin(login, environment);

  checkKeys("member", member, ["path", "at", "fields"]);
  checkPath("member.path", member.path, ["namespace", "id"]);
  checkPlace("member.at", member.at);
  checkMemberFields("member.fields", member.fields);
  if (list !== undefined) {
    checkKeys("list", list, ["path", "at", "fields", "paging", "order"]);
    checkPath("list.path", list.path, ["namespace"]);
    checkPlace("list.at", list.at);
    if (list.fields !== undefined) checkMemberFields("list.fields", list.fields);
    if (list.order !== undefined) checkOneOf("list.order", list.order, ["code-unit", "any"]);
    checkPaging("list.paging", list.paging);
  }
  if (purchases !== undefined) checkPurchases(purchases);
  if ((options.put === undefined) !== (options.delete === undefined)) {
    throw invalid("put and delete come together: a source that is writable can do both.");
  }
  if (options.merge !== undefined && options.put === undefined) {
    throw invalid("merge wants put too: it makes the members that are not there.");
  }
  checkWrite("put", options.put, ["namespace", "id"], environment);
  checkWrite("merge", options.merge, ["namespace", "id"], environment);
  checkWrite("delete", options.delete, ["namespace", "id"], environment);
  checkWrite("addPurchase", addPurchase, ["namespace", "id", "purchaseId"], environment);
  if (addPurchase !== undefined && purchases === undefined) {
    throw invalid("addPurchase wants purchases too: its fields say how a purchase is written.");
  }
}

function checkLogin(login: LoginOptions, environment: Readonly<Record<string, string | undefined>>): void {
  checkKeys("login", login, ["path", "method", "body", "format", "headers", "token", "header", "value"]);
  checkPath("login.path", login.path, []);
  checkMethod("login.method", login.method);
  if (login.format !== undefined) checkOneOf("login.format", login.format, ["json", "form"]);
  for (const [name, value] of entriesOf("login.body", login.body)) {
    checkTemplate(`login.body.${name}`, value, environment);
  }
  checkHeaders("login.headers", login.headers, environment);
  checkPlace("login.token", login.token);
  if (login.token === undefined) throw invalid("login.token wants the place of the token in the login's answer.");
  if (login.header !== undefined) checkHeaderName("login.header", login.header);
  if (login.value !== undefined && !/^[\x20-\x7e]*\{token\}[\x20-\x7e]*$/.test(login.value)) {
    throw invalid('login.value wants text with "{token}" in it.');
  }
}

function checkPurchases(purchases: PurchasesOptions): void {
  checkKeys("purchases", purchases, ["path", "at", "fields", "currency", "paging", "order"]);
  checkPath("purchases.path", purchases.path, ["namespace", "id"]);
  checkPlace("purchases.at", purchases.at);
  const { fields } = purchases;
  checkKeys("purchases.fields", fields, ["id", "product", "quantity", "total", "currency", "at"]);
  for (const name of ["id", "product", "total"] as const) {
    if (fields[name] === undefined) throw invalid(`purchases.fields.${name} wants a place.`);
  }
  for (const [name, place] of Object.entries(fields)) checkPlace(`purchases.fields.${name}`, place);
  if (purchases.currency !== undefined) checkText("purchases.currency", purchases.currency);
  if (purchases.currency === undefined && fields.currency === undefined) {
    throw invalid("purchases wants fields.currency, or a currency for all.");
  }
  if (purchases.order !== undefined) checkOneOf("purchases.order", purchases.order, ["oldest-first", "any"]);
  checkPaging("purchases.paging", purchases.paging);
}

function checkMemberFields(name: string, fields: MemberFields): void {
  checkKeys(name, fields, ["id", "name", "email", "phone", "createdAt"]);
  if (fields.id === undefined) throw invalid(`${name}.id wants a place.`);
  for (const [field, place] of Object.entries(fields)) checkPlace(`${name}.${field}`, place);
}

function checkPaging(name: string, paging: PagingOptions | undefined): void {
  if (paging === undefined) return;
  checkKeys(name, paging, ["kind", "parameter", "first", "total", "next", "sizeParameter", "size"]);
  checkOneOf(`${name}.kind`, paging.kind, ["page", "offset", "cursor", "link"]);
  if ((paging.size === undefined) !== (paging.sizeParameter === undefined)) {
    throw invalid(`${name}.size and ${name}.sizeParameter come together.`);
  }
  if (paging.size !== undefined) checkNumber(`${name}.size`, paging.size, { min: 1, max: 1e6, integer: true });
  if (paging.sizeParameter !== undefined) checkText(`${name}.sizeParameter`, paging.sizeParameter);
  if (paging.kind === "link") {
    checkPlace(`${name}.next`, paging.next);
    return;
  }
  checkText(`${name}.parameter`, paging.parameter);
  if (paging.kind === "cursor") {
    if (paging.next === undefined) throw invalid(`${name}.next wants the place of the cursor.`);
    checkPlace(`${name}.next`, paging.next);
    return;
  }
  checkPlace(`${name}.total`, paging.total);
  if (paging.kind === "page" && paging.first !== undefined) {
    checkNumber(`${name}.first`, paging.first, { min: 0, max: 1, integer: true });
  }
}

function checkWrite(
  name: string,
  write: WriteOptions | undefined,
  placeholders: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (write === undefined) return;
  checkKeys(name, write, ["path", "method", "at", "headers"]);
  checkPath(`${name}.path`, write.path, placeholders);
  checkMethod(`${name}.method`, write.method);
  checkPlace(`${name}.at`, write.at);
  checkHeaders(`${name}.headers`, write.headers, environment);
}

function checkBaseUrl(baseUrl: unknown): void {
  const url = typeof baseUrl === "string" && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalid("baseUrl wants an http: or https: address.");
  // Not shown: it may hold the secret.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw invalid(
      "baseUrl wants an address without user, password, query and fragment: name secrets in headers or login.",
    );
  }
}

function checkPath(name: string, path: unknown, placeholders: readonly string[]): void {
  if (typeof path !== "string" || !path.startsWith("/") || /[#\s]/.test(path)) {
    throw invalid(`${name} wants a path that begins with "/", without spaces; got ${JSON.stringify(path)}.`);
  }
  for (const [, placeholder = ""] of path.matchAll(/\{([^{}]*)\}/g)) {
    if (!placeholders.includes(placeholder)) {
      throw invalid(`${name} has "{${placeholder}}"; it knows ${placeholders.map((each) => `{${each}}`).join(", ")}.`);
    }
  }
}

function checkPlace(name: string, place: unknown): void {
  if (place === undefined) return;
  const names = typeof place === "string" ? place.split(".") : [""];
  if (names.includes("") || names.includes("__proto__")) {
    throw invalid(`${name} wants a place such as "data.customer.name"; got ${JSON.stringify(place)}.`);
  }
}

function checkMethod(name: string, method: unknown): void {
  if (method !== undefined) checkOneOf(name, method, ["GET", "POST", "PUT", "PATCH", "DELETE"]);
}

function checkHeaders(name: string, headers: unknown, environment: Readonly<Record<string, string | undefined>>): void {
  for (const [header, value] of entriesOf(name, headers)) {
    checkHeaderName(name, header);
    const filled = checkTemplate(`${name}.${header}`, value, environment);
    // Told without the value: it may hold the secret, and so would the error of fetch.
    if (!/^[\x20-\x7e]*$/.test(filled)) throw invalid(`${name}.${header} wants printable ASCII.`);
  }
}

function checkHeaderName(name: string, header: unknown): void {
  if (typeof header !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(header)) {
    throw invalid(`${name} wants names of headers; got ${JSON.stringify(header)}.`);
  }
}

function entriesOf(name: string, value: unknown): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${name} wants an object of strings.`);
  }
  return Object.entries(value);
}

function checkOneOf(name: string, value: unknown, known: readonly string[]): void {
  if (typeof value === "string" && known.includes(value)) return;
  throw invalid(`${name} wants one of ${known.join(", ")}; got ${JSON.stringify(value)}.`);
}
