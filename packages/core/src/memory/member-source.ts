import { checkId } from "../checks.js";
import { type CallOptions, specVersion } from "../spec/adapter.js";
import type { Member, MemberSource, Purchase } from "../spec/member-source.js";
import { checkMember, checkPurchase } from "../stores/check-entries.js";
import { unknownMemberError } from "../stores/errors.js";

interface Entry {
  readonly member: Member;
  readonly purchases: Map<string, Purchase>;
  readonly faceIds: Set<string>;
}

/** Members that live as long as the process. */
export function memoryMemberSource(): MemberSource {
  const id = "memory-member-source";
  const namespaces = new Map<string, Map<string, Entry>>();

  const write = (namespace: string, member: Member, merging: boolean, options: CallOptions | undefined): void => {
    options?.signal?.throwIfAborted();
    checkId("namespace", namespace);
    checkMember(member);
    const entries = namespaces.get(namespace) ?? new Map<string, Entry>();
    namespaces.set(namespace, entries);
    const { faceIds: _, ...given } = member;
    const known = entries.get(member.id);
    const { purchases = new Map(), faceIds = new Set<string>() } = known ?? {};
    entries.set(member.id, { member: { ...(merging && known?.member), ...given }, purchases, faceIds });
  };

  return {
    specVersion,
    id,
    capabilities: { writable: true, purchases: true, persistent: false },

    async get(namespace, memberId, options) {
      options?.signal?.throwIfAborted();
      const entry = namespaces.get(namespace)?.get(memberId);
      return entry && memberOf(entry);
    },

    async *list(namespace, options) {
      const entries = [...(namespaces.get(namespace) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [, entry] of entries) {
        options?.signal?.throwIfAborted();
        yield memberOf(entry);
      }
    },

    put: async (namespace, member, options) => write(namespace, member, false, options),

    merge: async (namespace, member, options) => write(namespace, member, true, options),

    async linkFaces(namespace, memberId, faceIds, { mode, signal }) {
      signal?.throwIfAborted();
      for (const faceId of faceIds) checkId("faceIds", faceId);
      const entry = namespaces.get(namespace)?.get(memberId);
      if (entry === undefined) throw unknownMemberError(id, namespace, memberId);
      if (mode === "set") entry.faceIds.clear();
      for (const faceId of faceIds) entry.faceIds.add(faceId);
    },

    async delete(namespace, memberId, options) {
      options?.signal?.throwIfAborted();
      return namespaces.get(namespace)?.delete(memberId) ?? false;
    },

    async *purchases(namespace, memberId, options) {
      const purchases = [...(namespaces.get(namespace)?.get(memberId)?.purchases.values() ?? [])];
      const time = (purchase: Purchase): number => purchase.at?.getTime() ?? Number.MAX_SAFE_INTEGER;
      for (const purchase of purchases.sort((a, b) => time(a) - time(b) || (a.id < b.id ? -1 : 1))) {
        options?.signal?.throwIfAborted();
        yield { ...purchase };
      }
    },

    async addPurchase(namespace, memberId, purchase, options) {
      options?.signal?.throwIfAborted();
      checkPurchase(purchase);
      const entry = namespaces.get(namespace)?.get(memberId);
      if (entry === undefined) throw unknownMemberError(id, namespace, memberId);
      if (!entry.purchases.has(purchase.id)) entry.purchases.set(purchase.id, { ...purchase });
    },

    async [Symbol.asyncDispose]() {
      namespaces.clear();
    },
  };
}

function memberOf({ member, faceIds }: Entry): Member {
  return { ...member, ...(faceIds.size === 0 ? {} : { faceIds: [...faceIds].sort() }) };
}
