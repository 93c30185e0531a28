import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** What is shipped of others, and the licence that must go with it. */
const LICENCES = {
  'licences/pretendard-gov.txt': 'node_modules/pretendard-gov/dist/LICENSE.txt',
  'licences/svelte.txt': 'node_modules/svelte/LICENSE.md',
};

function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      for (const [fileName, path] of Object.entries(LICENCES)) this.emitFile({ type: 'asset', fileName, source: readFileSync(path) });
    },
  };
}

/** Compressed twins: the desk's server sends them by itself to browsers that take them. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css|svg)$/.test(file.fileName)) continue;
        const source = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        if (source.length > 1024) this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: gzipSync(source, { level: 9 }) });
      }
    },
  };
}

const DESK = 'http://127.0.0.1:8121';

export default defineConfig({
  plugins: [svelte(), licences(), compressed()],
  build: {
    target: 'es2022',
    // Nothing inline: the server's policy takes files of its own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  // The desk takes changes from its own pages only: in development these are its own.
  server: { proxy: { '/api': { target: DESK, headers: { Origin: DESK } } } },
  // Tests run the pages' state as a browser does, not as a server renders it.
  ...(process.env['VITEST'] ? { resolve: { conditions: ['browser'] } } : {}),
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
