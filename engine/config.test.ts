import { describe, expect, it } from 'vitest'
import { ConfigFault, readConfig } from './config.ts'

const faultsOf = (environment: Record<string, string>): string[] => {
  try {
    readConfig(environment, '/srv')
    return []
  } catch (error) {
    if (error instanceof ConfigFault) return error.problems.map((problem) => problem.variable)
    throw error
  }
}

describe('readConfig', () => {
  it('reports every fault at once', () => {
    const environment = {
      PORT: 'eighty',
      HOST: 'http://x',
      DATABASE_URL: 'mysql://localhost/x',
      REDIS_URL: 'localhost:6379',
      OPERATOR_TOKEN: 'short',
      MASTER_KEY: 'abc',
      DEMO_PASSWORD: 'short',
      ROLES: 'api,cook',
      TRUSTED_PROXIES: '-1',
      DATABASE_CONNECTIONS: '0',
    }
    expect(faultsOf(environment).sort()).toEqual(Object.keys(environment).sort())
  })

  it('never repeats a value in a message', () => {
    const run = () => readConfig({ OPERATOR_TOKEN: 's3cr3t', MASTER_KEY: 'k3y', DATABASE_URL: 'x://u:pa55@h' }, '/srv')
    expect(run).toThrow(ConfigFault)
    try {
      run()
    } catch (error) {
      expect(String(error)).not.toMatch(/s3cr3t|k3y|pa55/)
    }
  })

  it.each(['65536', '-1', '3.5', '1e3', '0x10', ' '.repeat(3) + 'x'])('refuses PORT=%s', (port) => {
    expect(faultsOf({ PORT: port })).toEqual(['PORT'])
  })

  it('refuses an operator token that could not be sent', () => {
    expect(faultsOf({ OPERATOR_TOKEN: 'correct horse battery' })).toEqual(['OPERATOR_TOKEN'])
    expect(faultsOf({ OPERATOR_TOKEN: 'correct-horse-battery==' })).toEqual([])
  })

  it('refuses an owner address without a serving address', () => {
    expect(faultsOf({ OWNER_DATABASE_URL: 'postgres://o@h/d' })).toEqual(['OWNER_DATABASE_URL'])
  })

  it('has defaults that work with nothing set, and takes the empty string as not set', () => {
    const config = readConfig({ PORT: '', DATABASE_URL: '' }, '/srv')
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      dataDir: '/srv/.data',
      databaseUrl: null,
      operatorToken: null,
      masterKeyHex: null,
      previousMasterKeyHex: null,
    })
    expect([...config.roles]).toEqual(['api', 'worker'])
    expect(Object.isFrozen(config) && Object.isFrozen(config.limits)).toBe(true)
  })

  it('reads a master key as hex and as base64 alike', () => {
    const bytes = Buffer.alloc(32, 7)
    expect(readConfig({ MASTER_KEY: bytes.toString('base64') }, '/').masterKeyHex).toBe(bytes.toString('hex'))
    expect(readConfig({ MASTER_KEY: bytes.toString('hex').toUpperCase() }, '/').masterKeyHex).toBe(bytes.toString('hex'))
  })
})
