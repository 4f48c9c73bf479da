import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Config } from '../config.ts'

export interface Letter {
  readonly to: string
  readonly subject: string
  /** Paragraphs of plain text. */
  readonly text: readonly string[]
  /** What the reader is asked to open; stands behind the first paragraph. */
  readonly link?: { readonly title: string; readonly href: string }
}

/** One that was written to the folder of a demo. */
export interface StoredLetter {
  readonly id: string
  readonly at: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly link: string | null
}

export interface Mailer {
  /** False: nothing is configured, and `send` throws. */
  readonly canSend: boolean
  /** Resolves when the next server (or the folder) has taken it. Throws what it says otherwise. */
  send(letter: Letter): Promise<void>
  /** The newest first; null where letters are really sent. */
  readonly stored: (() => Promise<readonly StoredLetter[]>) | null
  close(): void
}

const storedLetters = 200

/** By SMTP where SMTP_URL is set; in a demo into a folder, where a page shows them. */
export function createMailer({ smtpUrl, mailFrom, dataDir }: Pick<Config, 'smtpUrl' | 'mailFrom' | 'dataDir'>, demo: boolean): Mailer {
  if (smtpUrl !== null) {
    // Nothing in a letter may make the server read files or addresses.
    const transport = createTransport({ url: smtpUrl, disableFileAccess: true, disableUrlAccess: true }, { from: mailFrom })
    const send = async ({ to, subject, ...letter }: Letter): Promise<void> =>
      void (await transport.sendMail({ to: { name: '', address: to }, subject, text: textOf(letter), html: htmlOf(letter) }))
    return { canSend: true, send, stored: null, close: () => transport.close() }
  }
  if (!demo) {
    const send = (): Promise<never> => Promise.reject(new Error('no mail server is configured (SMTP_URL)'))
    return { canSend: false, send, stored: null, close: () => undefined }
  }
  const folder = join(dataDir, 'mail')
  return {
    canSend: true,
    send: async (letter) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const at = new Date().toISOString()
      const id = `${at.replaceAll(/[:.]/g, '-')}-${randomUUID().slice(0, 8)}`
      const stored: StoredLetter = { id, at, to: letter.to, subject: letter.subject, text: textOf(letter), link: letter.link?.href ?? null }
      const file = join(folder, `${id}.json`)
      await writeFile(`${file}.new`, JSON.stringify(stored, null, 2), { mode: 0o600 })
      await rename(`${file}.new`, file)
    },
    stored: async () => {
      const files = await readdir(folder).catch((): string[] => [])
      const newest = files
        .filter((file) => file.endsWith('.json'))
        .toSorted()
        .toReversed()
        .slice(0, storedLetters)
      return Promise.all(newest.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as StoredLetter))
    },
    close: () => undefined,
  }
}

type Body = Pick<Letter, 'text' | 'link'>

const textOf = ({ text: [first = '', ...rest], link }: Body): string =>
  [first, ...(link ? [`${link.title}:\n${link.href}`] : []), ...rest].join('\n\n')

/** The same as a page. Whatever stands in a letter, people's names among it, is text. */
function htmlOf({ text: [first = '', ...rest], link }: Body): string {
  const paragraph = (text: string): string => `<p style="margin:0 0 16px">${escape(text)}</p>`
  const button = link
    ? `<p style="margin:0 0 24px"><a href="${escape(link.href)}" style="background:#2563eb;color:#fff;padding:10px 16px;border-radius:6px;text-decoration:none">${escape(link.title)}</a></p>`
    : ''
  return `<!doctype html><html lang="en"><body style="font:15px/1.5 system-ui,sans-serif;color:#1f2937;max-width:560px;margin:24px auto;padding:0 16px">${paragraph(first)}${button}${rest.map(paragraph).join('')}</body></html>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
