import { defineConfig } from "tsup";

const config: ReturnType<typeof defineConfig> = defineConfig({
  entry: ["src/index.ts", "src/cache.ts"],
  format: "esm",
  target: "es2022",
  platform: "node",
  dts: true,
  clean: true,
  sourcemap: true,
});

export default config;
