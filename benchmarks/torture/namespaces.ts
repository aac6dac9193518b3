import { mapConcurrently } from "@facekit/core";
import { type Backend, placeAt } from "../store/backends.js";
import { space, templatesOf } from "./members.js";

export interface NamespacesResult {
  readonly store: string;
  readonly namespaces: number;
  /** Namespaces whose one member a search after reopening does not find, or finds another in. */
  readonly lost: number;
  readonly registrationsPerSecond: number;
  /** Until the first search was answered. */
  readonly openMs: number;
  readonly searchesPerSecond: number;
}

/** One member in each of many namespaces, eight at a time; then the store is opened again, and each is looked up. */
export async function manyNamespaces(
  name: string,
  backend: Backend,
  folder: string,
  count: number,
): Promise<NamespacesResult & { readonly faults: readonly string[] }> {
  const names = Array.from({ length: count }, (_, i) => `event-${i}`);
  const place = placeAt(folder);
  const perSecond = (started: number): number => Math.round((count / (performance.now() - started)) * 1000);
  const first = await backend.open(place);
  await first.store.open(space);
  const writing = performance.now();
  await mapConcurrently(names, 8, (event) => first.store.upsert(event, templatesOf(`member of ${event}`, 1)));
  const registrationsPerSecond = perSecond(writing);
  await first[Symbol.asyncDispose]();

  const opening = performance.now();
  await using opened = await backend.open(place);
  const { store } = opened;
  await store.open(space);
  const faults: string[] = [];
  const look = async (event: string): Promise<void> => {
    const [probe] = templatesOf(`member of ${event}`, 1);
    const { matches } = await store.search(event, probe === undefined ? [] : [probe.vector], { k: 2 });
    const found = matches[0]?.map(({ memberId }) => memberId).join() ?? "";
    if (found !== `member of ${event}`) faults.push(`lost: namespace ${event} has "${found}"`);
  };
  await look("event-0");
  const openMs = Math.round(performance.now() - opening);
  const searching = performance.now();
  await mapConcurrently(names, 8, look);
  const speed = { registrationsPerSecond, openMs, searchesPerSecond: perSecond(searching) };
  return { store: name, namespaces: count, lost: faults.length, ...speed, faults };
}
