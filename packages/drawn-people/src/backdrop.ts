import { black, hsl, mix, white } from "./colour.js";
import type { PictureConditions } from "./conditions.js";
import { randomFrom } from "./random.js";
import { blur, ellipse, fill, group, linear } from "./svg.js";

/** What is behind the people, out of focus. */
export function backdrop(
  { background, backgroundHue: hue, grain }: PictureConditions,
  width: number,
  height: number,
): string {
  const random = randomFrom(grain, "backdrop");
  const all = `M0 0H${width}V${height}H0Z`;
  const graded = (upper: ReturnType<typeof hsl>, lower: ReturnType<typeof hsl>): string =>
    linear(
      "back",
      [0, 0],
      [width * 0.2, height],
      [
        [0, upper],
        [1, lower],
      ],
    ) + fill(all, "url(#back)");
  const strew = (
    count: number,
    low: number,
    high: number,
    draw: (x: number, y: number, size: number) => string,
  ): string =>
    blur("far", height / 60) +
    group(
      Array.from({ length: count }, () =>
        draw(random.between(0, width), random.between(low, high) * height, random.between(0.04, 0.11) * height),
      ).join(""),
      { filter: "url(#far)" },
    );
  switch (background) {
    case "studio":
      return graded(mix(hsl(hue, 0.22, 0.8), white, 0.2), hsl(hue, 0.24, 0.55));
    case "room": {
      const wall = hsl(hue, 0.2, 0.72);
      const shelf = (y: number): string =>
        fill(`M0 ${height * y}h${width}v${height * 0.014}h${-width}Z`, mix(wall, black, 0.4));
      const books = strew(18, 0.12, 0.5, (x, y, size) =>
        fill(`M${x} ${y}h${size * 0.5}v${size * 1.5}h${-size * 0.5}Z`, hsl(random.between(0, 360), 0.3, 0.5), 0.7),
      );
      return graded(mix(wall, white, 0.25), mix(wall, black, 0.2)) + shelf(0.33) + shelf(0.62) + books;
    }
    case "park":
      return (
        graded([188, 214, 232], [122, 158, 104]) +
        strew(26, 0.25, 1, (x, y, size) =>
          ellipse([x, y], size * 1.4, size, hsl(random.between(80, 130), 0.32, random.between(0.3, 0.5)), 0.75),
        )
      );
    case "night":
      return (
        graded(hsl(hue, 0.3, 0.2), hsl(hue, 0.26, 0.34)) +
        strew(16, 0, 0.9, (x, y, size) =>
          ellipse([x, y], size * 0.6, size * 0.6, hsl(random.between(20, 60), 0.8, 0.68), 0.55),
        )
      );
  }
}
