import { checkId } from "../checks.js";
import { specVersion } from "../spec/adapter.js";
import type { Visit, VisitLog, VisitQuery } from "../spec/visit-log.js";
import { checkVisit, checkVisitQuery } from "../stores/check-entries.js";

/** A book of visits that lives as long as the process. */
export function memoryVisitLog(): VisitLog {
  const namespaces = new Map<string, Map<string, Visit>>();
  return {
    specVersion,
    id: "memory-visit-log",
    capabilities: { persistent: false },

    async append(namespace, visits, options) {
      options?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      for (const visit of visits) checkVisit(visit);
      const log = namespaces.get(namespace) ?? new Map<string, Visit>();
      namespaces.set(namespace, log);
      const before = log.size;
      for (const visit of visits) if (!log.has(visit.key)) log.set(visit.key, { ...visit });
      return log.size - before;
    },

    async *query(namespace, query = {}, options) {
      checkVisitQuery(query);
      const visits = [...(namespaces.get(namespace)?.values() ?? [])].filter((visit) => fits(visit, query));
      visits.sort((a, b) => a.at.getTime() - b.at.getTime() || (a.key < b.key ? -1 : 1));
      for (const visit of visits) {
        options?.signal?.throwIfAborted();
        yield { ...visit };
      }
    },

    async deleteMember(namespace, memberId, options) {
      options?.signal?.throwIfAborted();
      const log = namespaces.get(namespace);
      const keys = [...(log?.values() ?? [])].filter((visit) => visit.memberId === memberId).map((visit) => visit.key);
      for (const key of keys) log?.delete(key);
      return keys.length;
    },

    async [Symbol.asyncDispose]() {
      namespaces.clear();
    },
  };
}

function fits(visit: Visit, query: VisitQuery): boolean {
  return (
    (query.memberId === undefined || visit.memberId === query.memberId) &&
    (query.place === undefined || visit.place === query.place) &&
    (query.session === undefined || visit.session === query.session) &&
    (query.from === undefined || visit.at >= query.from) &&
    (query.until === undefined || visit.at < query.until)
  );
}
