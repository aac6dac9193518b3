import {
  createFlows,
  type Difference,
  describeDifference,
  disposeAll,
  type FaceIndex,
  type FaceKit,
  type ImageInput,
  type MemberSource,
  type PhotoStore,
  type ReconcileFlowOptions,
  reconcile,
  type ThresholdOptions,
} from "@facekit/core";
import { type CutAt, CutOff, CutOffError } from "./cut-off.js";
import { ensure, equal, rejects } from "./expect.js";
import type { PicturedPerson } from "./face-index.js";
import { collect, pause, type TestRunner } from "./suite.js";

/** Parts of one kit, fresh and empty. */
export interface FlowParts {
  readonly index: FaceIndex;
  readonly members: MemberSource;
  readonly photos?: PhotoStore;
}

export interface FlowConformanceOptions {
  readonly test: TestRunner;
  /** Each test asks for its own parts and disposes them. */
  readonly create: () => FlowParts | Promise<FlowParts>;
  /** Two or more people who are told apart clearly, with two or more photos each; encoded ones where photos are kept. */
  readonly people: readonly PicturedPerson[];
  /** A photo of one face of nobody among the people. */
  readonly stranger: ImageInput;
  /** By what people are told apart. Default: the index's own. */
  readonly threshold?: ThresholdOptions;
  /** How long parts that do not read after write may take to show one, in milliseconds. Default 30,000. */
  readonly patienceMs?: number;
}

const n = "flows";

/**
 * What the flows must do over an index, a member source and, where it is given, a photo store, whatever these are made
 * of: and what a process that is killed between any two writes leaves, `reconcile` must repair. Sources that are not
 * writable are tested as far as they go.
 */
export function flowConformance(options: FlowConformanceOptions): void {
  const { test, create, people, stranger, patienceMs = 30_000 } = options;
  const [ann, bob] = people;
  if (ann === undefined || bob === undefined || people.some(({ images }) => images.length < 2)) {
    throw new Error("The flow suite needs two or more people with two or more images each.");
  }
  const kitOf = (parts: FlowParts): FaceKit =>
    createFlows({ ...parts, ...options.threshold, namespace: n, minFaceSize: 1 });
  const it = (name: string, run: (kit: FaceKit, parts: FlowParts) => Promise<void>): void =>
    test(`Flows: ${name}`, async () => {
      const parts = await create();
      try {
        await run(kitOf(parts), parts);
      } finally {
        await disposeAll([parts.index, parts.members, parts.photos]);
      }
    });
  /** Of sources that take new members. */
  const itWrites = (name: string, run: (kit: FaceKit, parts: FlowParts) => Promise<void>): void =>
    it(name, async (kit, parts) => {
      if (parts.members.capabilities.writable) await run(kit, parts);
    });
  /** Checks once, or until it holds where a part does not read after write. */
  const eventually = async ({ index }: FlowParts, check: () => Promise<void>): Promise<void> => {
    const deadline = performance.now() + (index.capabilities.readAfterWrite ? 0 : patienceMs);
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (performance.now() >= deadline) throw error;
        await pause(100);
      }
    }
  };
  const first = ({ images: [image] }: PicturedPerson): ImageInput => image ?? stranger;
  const other = ({ images: [, image] }: PicturedPerson): ImageInput => image ?? stranger;
  const recognises = (kit: FaceKit, parts: FlowParts, photo: ImageInput, memberId: string | undefined): Promise<void> =>
    eventually(parts, async () => equal((await kit.identify(photo)).best?.memberId, memberId, "who is recognised"));
  const registerAll = async (kit: FaceKit, parts: FlowParts): Promise<void> => {
    for (const person of people)
      await kit.register(person.id, first(person), { member: { name: `Name of ${person.id}` } });
    for (const person of people) await recognises(kit, parts, first(person), person.id);
  };
  const differences = (parts: FlowParts, more: ReconcileFlowOptions = {}): Promise<Difference[]> =>
    collect(reconcile({ ...parts, namespace: n, graceMs: 0, ...more }));
  /** Repairs what there is, after which nothing may be left. */
  const repairs = async (parts: FlowParts): Promise<void> => {
    await eventually(parts, async () => {
      await differences(parts, { apply: true });
      equal((await differences(parts)).map(describeDifference), [], "differences that are left");
    });
  };
  const enrolledIds = async ({ index }: FlowParts): Promise<string[]> =>
    (await collect(index.members(n))).map(({ memberId }) => memberId);
  const entryIds = async ({ members }: FlowParts): Promise<string[]> =>
    (await collect(members.list(n))).map(({ id }) => id);
  const idsOf = (...ids: readonly string[]): string[] => [...ids].sort();

  it("registers, identifies and turns strangers away", async (kit, parts) => {
    await registerAll(kit, parts);
    for (const person of people) await recognises(kit, parts, other(person), person.id);
    const { best, decision } = await kit.identify(stranger);
    equal(best, undefined, "who the stranger is");
    equal(decision.refusals[0], "below-threshold", "why");
  });

  it("verifies the member and no other", async (kit, parts) => {
    await registerAll(kit, parts);
    equal((await kit.verify(ann.id, other(ann))).matched, true, "the member's own photo");
    equal((await kit.verify(ann.id, other(bob))).matched, false, "another member's photo");
    await rejects(() => kit.verify("nobody", other(ann)), "unknown-member", "verify of nobody");
  });

  it("takes attendance", async (kit, parts) => {
    await registerAll(kit, parts);
    const photos = [other(ann), stranger, other(bob), first(ann)];
    const { present, strangers } = await kit.takeAttendance(photos, { session: "monday" });
    equal(present, idsOf(ann.id, bob.id), "who is present");
    equal(strangers, 1, "strangers");
    equal((await collect(kit.visits.query(n, { session: "monday" }))).length, 2, "visits");
  });

  itWrites("keeps an entry of who is registered, with photos and face ids where they are kept", async (kit, parts) => {
    const { templateIds } = await kit.register(ann.id, [first(ann), other(ann)], { member: { name: "Ann" } });
    const entry = await parts.members.get(n, ann.id);
    equal([entry?.id, entry?.name], [ann.id, "Ann"], "the entry");
    if (parts.members.linkFaces !== undefined) {
      equal([...(entry?.faceIds ?? [])].sort(), [...templateIds].sort(), "face ids");
    }
    if (parts.photos !== undefined) {
      const kept = await collect(parts.photos.list(n));
      equal(kept.map(({ id }) => id).sort(), [...templateIds].sort(), "photos");
    }
    await eventually(parts, async () => equal(await differences(parts), [], "differences"));
  });

  itWrites("welcomes a member", async (kit, parts) => {
    await registerAll(kit, parts);
    const { purchases: sells } = parts.members.capabilities;
    if (sells) {
      const sale = { id: "1", product: "tea", quantity: 2, total: "7.80", currency: "EUR" };
      await parts.members.addPurchase(n, ann.id, sale);
    }
    const { identification, member, purchases } = await kit.welcome(other(ann));
    equal(identification.status === "ok" && identification.value.best?.memberId, ann.id, "who it is");
    equal(member.status === "ok" && member.value.name, `Name of ${ann.id}`, "the name");
    if (sells) {
      equal(purchases.status === "ok" && purchases.value.totals, [{ currency: "EUR", total: "7.80" }], "totals");
    } else equal(purchases, { status: "not-asked", why: "no-purchases" }, "purchases");
    await parts.members.delete(n, ann.id);
    const late = await kit.welcome(other(ann));
    equal(late.member.status === "failed" && late.member.error.code, "unknown-member", "a member who was deleted");
  });

  itWrites("forgets a member everywhere, and nobody else", async (kit, parts) => {
    await registerAll(kit, parts);
    await kit.forget(ann.id);
    await recognises(kit, parts, first(ann), undefined);
    await recognises(kit, parts, first(bob), bob.id);
    const others = idsOf(...people.slice(1).map(({ id }) => id));
    equal(await entryIds(parts), others, "entries");
    const photos = parts.photos === undefined ? [] : await collect(parts.photos.list(n));
    ensure(!photos.some(({ memberId }) => memberId === ann.id), "A photo of the forgotten member is there.");
    await eventually(parts, async () => equal(await differences(parts), [], "differences"));
  });

  itWrites("reconciles what does not agree", async (kit, parts) => {
    await registerAll(kit, parts);
    const { index, members, photos } = parts;
    await index.enrol(n, "orphan", await index.probe(stranger));
    await members.put(n, { id: "customer" });
    await photos?.put(n, "nobody", "1", new Uint8Array([1]));
    await members.linkFaces?.(n, bob.id, ["wrong"], { mode: "set" });
    await eventually(parts, async () =>
      equal(
        (await differences(parts)).map(({ kind }) => kind).sort(),
        [
          "member-without-faces",
          "orphaned-faces",
          ...(photos === undefined ? [] : ["orphaned-photos"]),
          ...((await knowsFaceIds(parts)) ? ["wrong-face-ids"] : []),
        ],
        "kinds of differences",
      ),
    );
    equal((await entryIds(parts)).includes("customer"), true, "the customer after a plan");
    // Over an index that shows writes late, nobody can say for sure that a member has no face.
    const deletes = index.capabilities.readAfterWrite;
    await eventually(parts, async () => {
      await differences(parts, { apply: true, ...(deletes && { deleteMembersWithoutFaces: true }) });
      const left = (await differences(parts)).map(({ kind }) => kind);
      equal(left, deletes ? [] : ["member-without-faces"], "differences that are left");
    });
    equal(await enrolledIds(parts), idsOf(...people.map(({ id }) => id)), "who is enrolled");
    await recognises(kit, parts, other(bob), bob.id);
  });

  itWrites("creates a missing entry again from what is given", async (kit, parts) => {
    await registerAll(kit, parts);
    await parts.members.delete(n, ann.id);
    await differences(parts, { apply: true, newMember: () => ({ name: "Ann again" }) });
    equal((await parts.members.get(n, ann.id))?.name, "Ann again", "the name");
    await recognises(kit, parts, first(ann), ann.id);
    equal(await differences(parts), [], "differences");
  });

  /**
   * Kills the flow at its first write, at the second, and so on, until it is not killed any more: once before each write
   * begins, and once after it was done and before its answer came.
   */
  const atEachWrite = async (
    parts: FlowParts,
    flow: (kit: FaceKit, cut: FlowParts) => Promise<unknown>,
    check: (whole: boolean) => Promise<void>,
  ): Promise<void> => {
    for (const at of ["before", "after"] as const) {
      let killed = true;
      for (let writes = 0; killed; writes++) {
        ensure(writes < 50, "The flow is killed after 50 writes still.");
        const cut = cutOff(parts, writes, at);
        killed = await flow(kitOf(cut), cut).then(
          () => false,
          (error: unknown) => {
            if (error instanceof CutOffError) return true;
            throw error;
          },
        );
        await check(!killed);
        ensure(killed || writes > 0, "The flow wrote nothing.");
      }
    }
  };

  itWrites("does not repair against an empty source or an empty index", async (kit, parts) => {
    await registerAll(kit, parts);
    const nobody = async function* (): AsyncGenerator<never> {};
    const { index, members, photos } = parts;
    const emptySource = { ...parts, members: emptied(members, "list", nobody) };
    await rejects(() => differences(emptySource, { apply: true }), "namespace-not-found", "over an empty source");
    const emptyIndex = { ...parts, index: emptied(index, "members", nobody) };
    if (photos !== undefined || members.linkFaces !== undefined) {
      await photos?.put(n, "nobody", "1", new Uint8Array([1]));
      await rejects(() => differences(emptyIndex, { apply: true }), "namespace-not-found", "over an empty index");
      await photos?.deleteMember(n, "nobody");
    }
    await eventually(parts, async () => equal(await differences(parts), [], "differences"));
  });

  itWrites("a registration that is killed at any write leaves what reconcile repairs", async (kit, parts) => {
    await kit.register(bob.id, first(bob));
    await atEachWrite(
      parts,
      (cut) => cut.register(ann.id, [first(ann), other(ann)]),
      async (whole) => {
        await repairs(parts);
        // Faces whose entry was not written are deleted; from then on the registration is there as a whole.
        const ids = await entryIds(parts);
        equal(await enrolledIds(parts), ids, "who is enrolled");
        if (whole) ensure(ids.includes(ann.id), "What was acknowledged is gone.");
        await kit.forget(ann.id);
        await recognises(kit, parts, other(bob), bob.id);
      },
    );
  });

  itWrites("photos that are added and killed at any write leave what reconcile repairs", async (kit, parts) => {
    await kit.register(ann.id, first(ann));
    await atEachWrite(
      parts,
      (cut) => cut.register(ann.id, other(ann)),
      async () => {
        await repairs(parts);
        await recognises(kit, parts, first(ann), ann.id);
        equal(await entryIds(parts), [ann.id], "entries");
      },
    );
  });

  itWrites("an erasure that is killed at any write is ended by reconcile", async (kit, parts) => {
    await kit.register(bob.id, first(bob));
    await atEachWrite(
      parts,
      async (cut) => {
        await kit.register(ann.id, first(ann));
        await cut.forget(ann.id);
      },
      async (whole) => {
        await repairs(parts);
        const ids = await entryIds(parts);
        equal(await enrolledIds(parts), ids, "who is enrolled");
        if (whole) equal(ids, [bob.id], "entries");
        await kit.forget(ann.id);
      },
    );
  });

  itWrites("a repair that is killed at any write is ended by the next", async (kit, parts) => {
    await kit.register(bob.id, first(bob));
    const newMember = ({ memberId }: { memberId: string }) => (memberId === ann.id ? { name: "Ann" } : undefined);
    const options = { apply: true, newMember };
    await atEachWrite(
      parts,
      async (_, cut) => {
        const { index, members, photos } = parts;
        await index.enrol(n, ann.id, await index.probe(first(ann)));
        await index.enrol(n, "orphan", await index.probe(stranger));
        await photos?.put(n, "orphan", "1", new Uint8Array([1]));
        await photos?.put(n, "nobody", "1", new Uint8Array([1]));
        await members.linkFaces?.(n, bob.id, ["wrong"], { mode: "set" });
        await differences(cut, options);
      },
      async () => {
        await eventually(parts, async () => {
          await differences(parts, options);
          equal((await differences(parts)).map(describeDifference), [], "differences that are left");
        });
        equal(await enrolledIds(parts), idsOf(ann.id, bob.id), "who is enrolled");
        equal((await parts.members.get(n, ann.id))?.name, "Ann", "the name");
        await kit.forget(ann.id);
      },
    );
  });
}

async function knowsFaceIds({ index, members }: FlowParts): Promise<boolean> {
  if (members.linkFaces === undefined) return false;
  return (await collect(index.members(n))).every(({ templateIds }) => templateIds !== undefined);
}

function cutOff({ index, members, photos }: FlowParts, writes: number, at: CutAt): FlowParts {
  const cut = new CutOff(writes, at);
  return {
    index: cut.of(index, ["enrol", "deleteMember"]),
    members: cut.of(members, ["put", "merge", "delete", "endDeletion", "linkFaces", "addPurchase"]),
    ...(photos && { photos: cut.of(photos, ["put", "deleteMember"]) }),
  };
}

/** The adapter, of which one list is empty. */
function emptied<T extends object>(adapter: T, list: keyof T, nobody: () => AsyncIterable<never>): T {
  return new Proxy(adapter, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === list) return nobody;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
