import { Duplex } from 'node:stream'

/** Sends whole protocol messages to the engine and answers with what it says. */
export interface Backend {
  whenReady(): Promise<void>
  exchange(bytes: Uint8Array): Promise<Uint8Array>
}

const terminate = 0x58 // 'X'
const sync = 0x53 // 'S'
const simpleQuery = 0x51 // 'Q'
const ready = 0x5a // 'Z'
const startup = 0x00 // the only message without a type: its length comes first

/** How many ReadyForQuery the engine owes for these messages: one per Sync and simple query, one for the start-up. */
export const roundsAsked = (bytes: Uint8Array): number => (bytes[0] === startup ? 1 : countMessages(bytes, sync, simpleQuery))
export const roundsAnswered = (bytes: Uint8Array): number => countMessages(bytes, ready)

/** A protocol message is a type byte, then its length without that byte (32 bits), then its content. */
function countMessages(bytes: Uint8Array, ...types: readonly number[]): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  for (let at = 0; at + 5 <= bytes.length; at += 1 + view.getUint32(at + 1)) {
    if (types.includes(bytes[at]!)) count++
  }
  return count
}

/**
 * The socket that pg believes to have, over the one backend of the embedded engine. Once destroyed or ended it passes nothing
 * on: an ended client must not receive what the backend answers to the next one.
 */
export class EmbeddedStream extends Duplex {
  readonly #backend: Backend

  constructor(backend: Backend) {
    super()
    this.#backend = backend
  }

  /** What pg calls on a net.Socket. */
  connect(): this {
    this.#backend.whenReady().then(
      () => this.destroyed || this.emit('connect'),
      (error: Error) => this.destroy(error),
    )
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  override _read(): void {
    // Answers are pushed as they come.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done)
  }

  /** One exchange for everything that was written meanwhile: this is what makes a trip one trip. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    // Terminate would end the backend, which outlives its clients. pg sends it alone.
    if (bytes[0] === terminate) return done()
    this.#backend.exchange(bytes).then(
      (answer) => {
        if (this.destroyed || this.writableEnded) return done()
        this.push(answer)
        done()
      },
      (error: Error) => done(error),
    )
  }
}
