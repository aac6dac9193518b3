import type { CallOptions } from "@facekit/core";
import { listUsers } from "./faces.js";
import { isLongName, longNamesIn, memberIdOf, type UserName, userNameOf } from "./names.js";
import type { Rekognition } from "./service.js";

/** Which user is which member. Long names are looked up in the collection once, and then known. */
export interface MemberNames {
  userOf(memberId: string): Promise<UserName>;
  /** Undefined of users that nobody here would have made. */
  memberOf(collectionId: string, userId: string, options: CallOptions): Promise<string | undefined>;
}

export function memberNames(service: Rekognition): MemberNames {
  const long = new Map<string, string>();
  return {
    async userOf(memberId) {
      const name = await userNameOf(memberId);
      if (name.pieces.length > 0) long.set(name.userId, memberId);
      return name;
    },

    async memberOf(collectionId, userId, options) {
      if (!isLongName(userId)) return memberIdOf(userId);
      if (!long.has(userId)) {
        const pieces: string[] = [];
        for await (const id of listUsers(service, collectionId, options)) if (id.startsWith("::")) pieces.push(id);
        for (const [user, memberId] of await longNamesIn(pieces)) long.set(user, memberId);
      }
      return long.get(userId);
    },
  };
}
