import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { landTiles } from './land.ts';

/** Every browser that can draw the map reads WOFF2, so the older copy of each font is left out. */
function onlyWoff2(): Plugin {
  return {
    name: 'only-woff2',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('@fontsource') || !/\.css($|\?)/.test(id)) return null;
      return { code: code.replace(/, url\([^)]*\.woff\) format\('woff'\)/g, ''), map: null };
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [landTiles(), onlyWoff2(), svelte()],
  // The policy for contents allows no `data:` fonts or scripts, so nothing is put into the text.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1400,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  optimizeDeps: { exclude: ['maplibre-gl'] },
  server: { proxy: { '^/(?!portal|src|@|node_modules).*': process.env.CRATON_NODE ?? 'http://localhost:8080' } },
});
