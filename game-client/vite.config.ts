import { resolve } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    rolldownOptions: {
      input: ['index.html', 'replay.html'].map((page) => resolve(import.meta.dirname, page)),
    },
    // Phaser alone is more than the default; nothing here is loaded before it is needed.
    chunkSizeWarningLimit: 4000,
  },
});
