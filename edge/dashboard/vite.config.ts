/** How the dashboard is built: one page, a chunk for each route, nothing inlined, so that the strict policy holds. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [solid()],
  logLevel: 'warn',
  build: {
    target: 'es2023',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // How long plugins take on a busy machine is no warning to whoever starts an edge.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
