import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** `/mooring.js`: one file without imports, for pages of other origins. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    outDir: fileURLToPath(new URL('../../dist/embed', import.meta.url)),
    emptyOutDir: true,
    lib: {
      entry: fileURLToPath(new URL('mooring.ts', import.meta.url)),
      formats: ['iife'],
      name: 'mooring',
      fileName: () => 'mooring.js',
    },
    target: 'es2022',
    reportCompressedSize: false,
  },
});
