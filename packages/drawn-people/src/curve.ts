/** x to the right, y down. */
export type Point = readonly [number, number];

const number = (value: number): string => value.toFixed(1);

/** A soft curve through every point (Catmull-Rom), as the `d` of an SVG path. */
export function curve(points: readonly Point[], { closed = false }: { closed?: boolean } = {}): string {
  const count = points.length;
  const at = (index: number): Point => {
    const wrapped = closed ? (index + count) % count : Math.min(Math.max(index, 0), count - 1);
    return points[wrapped] ?? [0, 0];
  };
  const [startX, startY] = at(0);
  let path = `M${number(startX)} ${number(startY)}`;
  for (let index = 0; index < (closed ? count : count - 1); index++) {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    const controls = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6];
    const second = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6];
    path += `C${[...controls, ...second, to[0], to[1]].map(number).join(" ")}`;
  }
  return closed ? `${path}Z` : path;
}

/** The right half of a shape and its mirror image, as one round from the top middle clockwise. */
export function mirrored(rightHalf: readonly Point[]): Point[] {
  const left = rightHalf.filter(([x]) => x !== 0).map(([x, y]): Point => [-x, y]);
  return [...rightHalf, ...left.reverse()];
}
