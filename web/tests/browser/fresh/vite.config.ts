import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Its worker and its WebAssembly lie beside it.
  optimizeDeps: { exclude: ["stronglog-sync"] },
});
