import { defineConfig } from "tsup";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/faults.ts",
    "src/cloudinary-server.ts",
    "src/members-api.ts",
    "src/rekognition-server.ts",
    "src/vector-search-server.ts",
  ],
  format: "esm",
  target: "es2022",
  platform: "node",
  dts: true,
  clean: true,
  sourcemap: true,
});
