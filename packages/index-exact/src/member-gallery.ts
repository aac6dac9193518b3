import { type IndexEntry, meanTemplate } from "@facekit/core";
import type { Arena } from "./arena.js";
import type { Breather } from "./breather.js";
import { Gallery } from "./gallery.js";
import { placesFor } from "./gallery-layout.js";

/** The templates of one namespace and, of each member who has several, their mean. */
export class MemberGallery {
  readonly #arena: Arena;
  readonly templates: Gallery;
  /** Their ids are those of the members. Right after `refreshMeans`. */
  readonly means: Gallery;
  /** The template's id, or those of several. */
  readonly #idsOf = new Map<string, string | Set<string>>();
  /** Members with several templates whose mean is still to be taken. */
  readonly #stale = new Set<string>();

  /** `templates`: those that are there from the beginning, where they come from a snapshot. */
  constructor(arena: Arena, templates: Gallery = new Gallery(arena)) {
    this.#arena = arena;
    this.templates = templates;
    // Means are in no snapshot.
    this.means = new Gallery(arena, () => undefined);
    templates.ids.forEach((id, row) => {
      this.#link(templates.memberIds[row] ?? "", id);
    });
  }

  set(entry: IndexEntry): void {
    const { id, memberId, vector } = entry;
    this.delete(id);
    // A place for the mean is found now or never: a search shall not run out of memory.
    if (this.#idsOf.has(memberId)) this.#putOff(memberId, vector);
    this.templates.set(entry);
    this.#link(memberId, id);
  }

  delete(id: string): void {
    const memberId = this.templates.memberOf(id);
    if (memberId === undefined) return;
    this.templates.delete(id);
    this.#unlink(memberId, id);
    const [other, another] = this.#idsIn(memberId);
    // Nothing of what was erased stays in memory.
    if (other !== undefined && another !== undefined) {
      this.#putOff(memberId, this.templates.vector(other).slice());
    } else {
      this.#stale.delete(memberId);
      this.means.delete(memberId);
    }
  }

  /** Takes the means that are due. */
  async refreshMeans(breather: Breather): Promise<void> {
    // After a snapshot was read: they have no places yet.
    if (this.means.size === 0) this.#arena.reserve(placesFor(this.#stale.size));
    for (const memberId of this.#stale) {
      // Their order decides the last bits of a sum.
      const ids = [...this.#idsIn(memberId)].sort();
      const mean = ids.length < 2 ? undefined : meanTemplate(ids.map((id) => this.templates.vector(id)));
      if (mean === undefined) this.means.delete(memberId);
      else this.means.set({ id: memberId, memberId, vector: mean });
      this.#stale.delete(memberId);
      if (breather.due) await breather.breathe();
    }
  }

  /** What changed since the last call; undefined on the first, from which on it is kept. */
  takeChanges(): { readonly templates: ReadonlySet<string>; readonly means: ReadonlySet<string> } | undefined {
    const { changed: templates } = this.templates;
    const { changed: means } = this.means;
    this.templates.changed = new Set();
    this.means.changed = new Set();
    return templates && means && { templates, means };
  }

  /** Another vector stands in the mean's place until it is taken. */
  #putOff(memberId: string, vector: Float32Array): void {
    this.#stale.add(memberId);
    this.means.set({ id: memberId, memberId, vector });
  }

  #link(memberId: string, id: string): void {
    const ids = this.#idsOf.get(memberId);
    if (ids === undefined) {
      this.#idsOf.set(memberId, id);
      return;
    }
    if (typeof ids === "string") this.#idsOf.set(memberId, new Set([ids, id]));
    else ids.add(id);
    this.#stale.add(memberId);
  }

  #unlink(memberId: string, id: string): void {
    const ids = this.#idsOf.get(memberId);
    if (typeof ids === "object") ids.delete(id);
    if (ids === id || (typeof ids === "object" && ids.size === 0)) this.#idsOf.delete(memberId);
  }

  #idsIn(memberId: string): Iterable<string> {
    const ids = this.#idsOf.get(memberId) ?? [];
    return typeof ids === "string" ? [ids] : ids;
  }
}
