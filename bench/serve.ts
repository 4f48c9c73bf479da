/** One server under test, in a process of its own: started by run.ts, ends with it. */
import { startApp } from '../engine/app.ts'
import { readConfig } from '../engine/config.ts'
import { serveHandwritten } from './handwritten.ts'

const [kind, databaseUrl = '', secret = ''] = process.argv.slice(2)
const url = kind === 'engine' ? (await startApp(readConfig(process.env, process.cwd()))).url : await serveHandwritten(databaseUrl, secret)
process.on('disconnect', () => process.exit())
process.send?.({ url })
