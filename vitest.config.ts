import { defineConfig } from "vitest/config";

const packages = ["core", "index-exact", "models/cache", "models", "onnx", "store-sql", "conformance", "node", "drawn-people"];

/** Tests run on the sources, so that a change needs no build; the packed packages are checked apart. */
export default defineConfig({
  resolve: {
    alias: packages.map((name) => {
      const [folder, entry = "index"] = name.split("/");
      return {
        find: new RegExp(`^@facekit/${name}$`),
        replacement: new URL(`./packages/${folder}/src/${entry}.ts`, import.meta.url).pathname,
      };
    }),
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
