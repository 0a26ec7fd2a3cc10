#!/usr/bin/env node
// The command of a checkout: runs what `npm run build` made. It stands outside dist/, so that npx can link it before a build.
import { existsSync } from 'node:fs'
import module from 'node:module'

// From Node 22.1 on compiled code is kept between starts, where Node itself keeps it; NODE_DISABLE_COMPILE_CACHE turns that off.
module.enableCompileCache?.()

const main = new URL('../dist/src/cli/main.js', import.meta.url)
if (existsSync(main)) await (await import(main.href)).main(process.argv.slice(2))
else {
  process.stderr.write('quantbot is not built: run `npm run build` first.\n')
  process.exitCode = 2
}
