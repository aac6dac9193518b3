import type { EnrolledMember } from "@facekit/core";
import { ensure } from "./expect.js";

/** Without the templates' ids, which not every backend tells; those that are told must be as many as there are. */
export function withoutIds(members: readonly EnrolledMember[]): EnrolledMember[] {
  return members.map(({ templateIds, ...member }) => {
    const distinct = new Set(templateIds ?? []).size;
    ensure(
      templateIds === undefined || (distinct === member.templates && templateIds.length === distinct),
      `${member.memberId} has ${member.templates} templates, and ids ${JSON.stringify(templateIds)}.`,
    );
    return member;
  });
}
