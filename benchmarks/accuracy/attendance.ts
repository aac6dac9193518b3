import { readdir, readFile } from "node:fs/promises";
import type { Detector, Embedder } from "@facekit/core";
import { createFaceKit } from "@facekit/node";

export interface Pack {
  readonly detector: Detector;
  readonly embedder: Embedder;
}

export interface SeenPerson {
  readonly truth: string | null;
  readonly memberId: string | null;
  readonly similarity: number | undefined;
}

/** Who of the labelled members was named, missed or named wrongly at the card's default threshold. */
export async function measureAttendance(pack: Pack, directory: string): Promise<Record<string, SeenPerson[]>> {
  const { photos } = JSON.parse(await readFile(`${directory}/groups/truth.json`, "utf8")) as {
    photos: Record<string, [string, [number, number, number]][]>;
  };
  await using kit = await createFaceKit({ detector: keep(pack.detector), embedder: keep(pack.embedder) });
  for (const member of await readdir(`${directory}/members`)) {
    const files = await readdir(`${directory}/members/${member}`);
    const paths = files.map((file) => `${directory}/members/${member}/${file}`);
    await kit.register(member, paths);
  }
  const report: Record<string, SeenPerson[]> = {};
  for (const [name, truth] of Object.entries(photos)) {
    const { photos: seen } = await kit.takeAttendance([`${directory}/groups/${name}`]);
    report[name] = (seen[0]?.faces ?? []).map(({ face, memberId, similarity }) => {
      const { x, y, width, height } = face.box;
      const label = truth.find(([, [left, top, side]]) => {
        const [cx, cy] = [left + side / 2, top + side * 0.6];
        return cx > x && cx < x + width && cy > y && cy < y + height;
      });
      return { truth: label?.[0] ?? null, memberId, similarity };
    });
  }
  return report;
}

/** The caller's part, without its disposal. */
function keep<T extends AsyncDisposable>(part: T): T {
  return { ...part, [Symbol.asyncDispose]: async () => undefined };
}
