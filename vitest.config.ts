import { defineConfig } from "vitest/config";

const packages = [
  "core",
  "index-exact",
  "index-hnsw",
  "models/cache",
  "models",
  "onnx",
  "store-sql/postgres",
  "store-sql",
  "store-mongodb",
  "store-pgvector",
  "members-http",
  "aws",
  "rekognition",
  "store-cloudinary",
  "conformance/cloudinary-server",
  "conformance/faults",
  "conformance/rekognition-server",
  "members-dynamodb",
  "conformance/members-api",
  "conformance/vector-search-server",
  "conformance",
  "evaluate/report",
  "evaluate",
  "drawn-people",
];

const pathTo = (path: string): string => new URL(path, import.meta.url).pathname;

/** Tests run on the sources, so that a change needs no build (but for node); the packed packages are checked apart. */
export default defineConfig({
  resolve: {
    alias: [
      ...packages.map((name) => {
        const [folder, entry = "index"] = name.split("/");
        return { find: new RegExp(`^@facekit/${name}$`), replacement: pathTo(`packages/${folder}/src/${entry}.ts`) };
      }),
      // Node 20 cannot start a worker thread from TypeScript.
      { find: /^@facekit\/node$/, replacement: pathTo("packages/node/dist/index.js") },
    ],
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "benchmarks/test/**/*.test.ts"],
    globalSetup: "./scripts/temporary-folder.mjs",
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
