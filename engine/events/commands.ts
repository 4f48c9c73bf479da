import type { Config } from '../config.ts'
import { createDatabase } from '../database/open.ts'
import { verifyAudit, type AuditReport } from './audit.ts'

interface Shell {
  readonly out: (line: string) => void
  readonly config: () => Config
}

export const auditCommand = {
  usage: 'verify',
  about:
    'recomputes the hash chain of every tenant’s log and says where it first breaks (the embedded database: while the server is stopped)',
  async run([action]: readonly string[], { out, config }: Shell): Promise<number> {
    if (action !== 'verify') {
      out('bos audit verify')
      return 2
    }
    const { databaseUrl, ownerDatabaseUrl: ownerUrl, dataDir } = config()
    const database = await createDatabase({ databaseUrl, ownerUrl, dataDir, connections: 1, canaryMs: 0, vacuumMs: 0 })
    try {
      const reports = await database.withOwner((owner) => verifyAudit(owner))
      for (const report of reports) out(describe(report))
      return reports.some((report) => report.broken !== null) ? 1 : 0
    } finally {
      await database.close()
    }
  },
}

function describe({ tenant, verified, head, erased, broken }: AuditReport): string {
  const whole = `${tenant}  ${verified} ${verified === 1 ? 'event' : 'events'} verified${erased > 0 ? `, ${erased} with an erased body` : ''}, head ${head ?? 'none'}`
  if (broken === null) return whole
  return `${tenant}  BROKEN at ${broken.position === null ? 'the end' : `position ${broken.position}`}: ${broken.why} (event ${broken.event ?? 'unknown'}); ${verified} before it verified`
}
