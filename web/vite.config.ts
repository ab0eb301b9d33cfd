// How the page is built into the Python package, and served while it is being made.
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { mockServer } from "./dev/mock.ts";

const server = process.env.ASSAY_SERVER ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(["/api", "/health", "/healthz", "/ready"].map((path) => [path, { target: server }]));

/** Preload the two latin fonts under their hashed names, so that words do not jump. */
function preloadFonts(): Plugin {
  return {
    name: "preload-fonts",
    transformIndexHtml: {
      order: "post",
      handler: (_html, context) =>
        Object.keys(context.bundle ?? {})
          .filter((file) => /latin-wght-normal.*\.woff2$/.test(file) && !file.includes("latin-ext"))
          .sort()
          .map((file) => ({
            tag: "link",
            attrs: { rel: "preload", as: "font", type: "font/woff2", href: `/${file}`, crossorigin: "" },
            injectTo: "head" as const,
          })),
    },
  };
}

export default defineConfig(({ mode }) => ({
  base: "/",
  plugins: [react(), tailwindcss(), preloadFonts(), ...(mode === "mock" ? [mockServer()] : [])],
  css: { transformer: "lightningcss" },
  build: {
    outDir: fileURLToPath(new URL("../src/assay/faces/page", import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ["chrome111", "edge111", "firefox128", "safari16.4"],
    cssMinify: "lightningcss",
    reportCompressedSize: true,
  },
  server: mode === "mock" ? {} : { proxy },
}));
