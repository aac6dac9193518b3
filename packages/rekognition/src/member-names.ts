import type { CallOptions } from "@facekit/core";
import { listUsers } from "./faces.js";
import { isLongName, longNamesIn, memberIdOf, type UserName, userNameOf } from "./names.js";
import type { Rekognition } from "./service.js";

/** Which member a user is; undefined of users that nobody here would have made. */
export type MemberOf = (userId: string) => Promise<string | undefined>;

/** Which user is which member. Long names are looked up in the collection, and then known. */
export interface MemberNames {
  userOf(memberId: string): Promise<UserName>;
  /** For one search or list: it reads the users of the collection once at most, whatever it does not find there. */
  reader(collectionId: string, options: CallOptions): MemberOf;
}

export function memberNames(service: Rekognition): MemberNames {
  const long = new Map<string, string>();

  const read = async (collectionId: string, options: CallOptions): Promise<void> => {
    const pieces: string[] = [];
    for await (const id of listUsers(service, collectionId, options)) if (id.startsWith("::")) pieces.push(id);
    for (const [userId, memberId] of await longNamesIn(pieces)) long.set(userId, memberId);
  };

  return {
    async userOf(memberId) {
      const name = await userNameOf(memberId);
      if (name.pieces.length > 0) long.set(name.userId, memberId);
      return name;
    },

    reader(collectionId, options) {
      let reading: Promise<void> | undefined;
      return async (userId) => {
        if (!isLongName(userId)) return memberIdOf(userId);
        if (!long.has(userId)) {
          reading ??= read(collectionId, options);
          await reading;
        }
        return long.get(userId);
      };
    },
  };
}
