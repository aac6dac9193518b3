/** Red, green, blue, each 0 to 255. */
export type Colour = readonly [number, number, number];

export function css([red, green, blue]: Colour): string {
  return `rgb(${Math.round(red)},${Math.round(green)},${Math.round(blue)})`;
}

/** `share` 0 gives `from`, 1 gives `to`. */
export function mix(from: Colour, to: Colour, share: number): Colour {
  const at = (a: number, b: number): number => a + (b - a) * share;
  return [at(from[0], to[0]), at(from[1], to[1]), at(from[2], to[2])];
}

/** Multiplies two colours, as a glaze of the one on the other. */
export function glaze(base: Colour, layer: Colour): Colour {
  return [(base[0] * layer[0]) / 255, (base[1] * layer[1]) / 255, (base[2] * layer[2]) / 255];
}

/** The colour at `position` (0 to 1) of evenly spaced stops. */
export function along(stops: readonly [Colour, ...Colour[]], position: number): Colour {
  const scaled = Math.min(Math.max(position, 0), 1) * (stops.length - 1);
  const first = Math.min(Math.floor(scaled), Math.max(stops.length - 2, 0));
  const from = stops[first] ?? stops[0];
  return mix(from, stops[first + 1] ?? from, scaled - first);
}

/** Hue in degrees, saturation and lightness 0 to 1. */
export function hsl(hue: number, saturation: number, lightness: number): Colour {
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    return (
      255 * (lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1)))
    );
  };
  return [channel(0), channel(8), channel(4)];
}

export const white: Colour = [255, 255, 255];
export const black: Colour = [0, 0, 0];
