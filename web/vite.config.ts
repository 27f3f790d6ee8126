// Builds the client into the Python package, so that the data server serves it and users need no Node.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

const served = fileURLToPath(new URL("../src/socai/dataserver/web", import.meta.url));
// `npm run dev` speaks to a running data server; its address is given by SOCAI_DS.
const dataServer = process.env.SOCAI_DS ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      registerType: "prompt",
      // The shell is kept for offline use; answers of /api never are: the data server is the one memory of books.
      workbox: {
        globPatterns: ["**/*.{js,css,html,svg,png,woff2}"],
        navigateFallback: "/index.html",
        navigateFallbackDenylist: [/^\/api\//],
      },
      manifest: {
        name: "Sổ Cái",
        short_name: "Sổ Cái",
        description: "Kế toán cho doanh nghiệp nhiều chi nhánh",
        lang: "vi",
        display: "standalone",
        start_url: "/",
        background_color: "#ffffff",
        theme_color: "#0b5394",
        icons: [{ src: "/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
      },
    }),
  ],
  build: { outDir: served, emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 900 },
  server: { proxy: { "/api": { target: dataServer, changeOrigin: true } } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
