import type { CallOptions } from "@facekit/core";
import type { HttpAnswer } from "./client.js";
import { nameOf, unavailable } from "./failures.js";
import { countAt } from "./fields.js";
import { at, textOf } from "./json.js";
import type { PagingOptions } from "./options.js";

export interface PagesOptions extends CallOptions {
  /** The first page's address, without what pages need. */
  readonly url: URL;
  /** The place of the array. */
  readonly place: string | undefined;
  readonly paging: PagingOptions | undefined;
  /** Asks for one page. Undefined: there is nothing to list. */
  readonly ask: (url: URL) => Promise<HttpAnswer | undefined>;
}

/** The entries of a list, page by page, each as it was answered. Holds one page, and the text of two before. */
export async function* pages({ url, place, paging, ask, signal }: PagesOptions): AsyncGenerator<readonly unknown[]> {
  let next: URL | undefined = firstOf(url, paging);
  let seen = 0;
  let before = "";
  const rounds = new Rounds();
  const isNumbered = paging?.kind === "page" || paging?.kind === "offset";
  for (let number = 0; next !== undefined; number++) {
    signal?.throwIfAborted();
    const answer = await ask(next);
    if (answer === undefined) return;
    const items = arrayAt(next, answer.json, place);
    if (items.length === 0 && isNumbered) return;
    // An API that does not know the parameter gives its first page for ever.
    const text = isNumbered ? JSON.stringify(items) : "";
    if (isNumbered && text === before) {
      throw unavailable(
        `${nameOf(asked(next))} gave the same page twice: check the paging's parameters. Pages by number must differ: ` +
          "entries that look alike want an id each.",
      );
    }
    before = text;
    seen += items.length;
    yield items;
    const following = nextOf(url, next, answer, paging, { number, seen });
    // Numbers of pages do not come again; but an API may begin anew behind its last page.
    if (following !== undefined && rounds.comesAgain(isNumbered ? text : following.href)) {
      throw unavailable(`${nameOf(asked(next))} goes round in a circle: its list has no end.`);
    }
    next = following;
  }
}

/** Tells when what comes goes round in a circle, by one value that is kept at a time: R. P. Brent, 1980. */
class Rounds {
  #kept: string | undefined;
  #steps = 0;
  #length = 1;

  comesAgain(value: string): boolean {
    if (value === this.#kept) return true;
    if (++this.#steps < this.#length) return false;
    this.#kept = value;
    this.#steps = 0;
    this.#length *= 2;
    return false;
  }
}

function firstOf(url: URL, paging: PagingOptions | undefined): URL {
  const first = new URL(url);
  if (paging?.sizeParameter !== undefined) first.searchParams.set(paging.sizeParameter, String(paging.size));
  if (paging?.kind === "page") first.searchParams.set(paging.parameter, String(paging.first ?? 1));
  if (paging?.kind === "offset") first.searchParams.set(paging.parameter, "0");
  return first;
}

function nextOf(
  base: URL,
  current: URL,
  answer: HttpAnswer,
  paging: PagingOptions | undefined,
  { number, seen }: { readonly number: number; readonly seen: number },
): URL | undefined {
  if (paging === undefined) return undefined;
  if (paging.kind === "link") return linkOf(base, current, answer, paging.next);
  const next = new URL(current);
  if (paging.kind === "cursor") {
    const cursor = textOf(at(answer.json, paging.next));
    if (cursor === undefined || cursor === "") return undefined;
    next.searchParams.set(paging.parameter, cursor);
    return next;
  }
  const total = countAt(answer.json, paging.total);
  // One that is less than what came is not the number of all, and must not end the list: an empty page does.
  if (seen === total) return undefined;
  const position = paging.kind === "page" ? (paging.first ?? 1) + number + 1 : seen;
  next.searchParams.set(paging.parameter, String(position));
  return next;
}

function linkOf(base: URL, current: URL, { json, link }: HttpAnswer, place: string | undefined): URL | undefined {
  const text = place === undefined ? relNext(link) : textOf(at(json, place));
  if (text === undefined || text === "") return undefined;
  const next = URL.canParse(text, current.href) ? new URL(text, current) : undefined;
  if (next?.origin !== base.origin || next.href === current.href) {
    throw unavailable(
      `${nameOf(asked(current))} names ${next?.origin ?? "no address"} for its next page, which is not followed: ` +
        `the credentials are meant for ${base.origin} alone, and a page is not its own next one.`,
    );
  }
  return next;
}

const links = /<([^<>]*)>((?:\s*;\s*[^\s=;,<>"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,<>"]*))?)*)/g;

/** The target of `rel="next"`: RFC 8288, 3. */
function relNext(link: string | null): string | undefined {
  for (const [, target, parameters = ""] of (link ?? "").matchAll(links)) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))/i.exec(parameters) ?? [];
    if ((quoted ?? bare ?? "").toLowerCase().split(/\s+/).includes("next")) return target;
  }
  return undefined;
}

function arrayAt(url: URL, json: unknown, place: string | undefined): readonly unknown[] {
  const items = at(json, place);
  if (Array.isArray(items)) return items;
  // Some APIs say "none" in this way; but a place that is not there is a mistake, and must not pass for an empty list.
  if (items === null) return [];
  throw unavailable(
    `${nameOf(asked(url))} was answered without an array${place === undefined ? "" : ` at "${place}"`}.`,
  );
}

function asked(url: URL): { readonly method: string; readonly url: URL; readonly repeatable: boolean } {
  return { method: "GET", url, repeatable: true };
}
