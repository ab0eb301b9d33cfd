// The tests of the kit's and the client's logic; pages are tried in a real browser elsewhere.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["src/**/*.test.ts", "test/**/*.test.ts"], environment: "node" },
});
