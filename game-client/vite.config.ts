import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Phaser alone is more than the default; nothing here is loaded before it is needed.
    chunkSizeWarningLimit: 4000,
  },
});
