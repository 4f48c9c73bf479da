import { IconCloudOff, IconEye, IconInfoCircle } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useCatalogue } from '../api/catalogue.ts'
import { endViewAs } from '../api/viewing.ts'

const useOnline = (): boolean => {
  const [online, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const change = (): void => setOnline(navigator.onLine)
    window.addEventListener('online', change)
    window.addEventListener('offline', change)
    return () => {
      window.removeEventListener('online', change)
      window.removeEventListener('offline', change)
    }
  }, [])
  return online
}

/** What everybody should know now: no connection; a demo whose data is not meant to last. */
export function Banners() {
  const { tenant, me } = useCatalogue()
  const online = useOnline()
  return (
    <div aria-live="polite">
      {!online && (
        <div className="banner banner-warning">
          <IconCloudOff size={16} stroke={1.5} aria-hidden />
          You are offline. What is on screen may be old; changes cannot be saved until the connection is back.
        </div>
      )}
      {me.viewer && (
        <div className="banner banner-viewing">
          <IconEye size={16} stroke={1.5} aria-hidden />
          <span className="ellipsis" title={`You see BusinessOS as ${me.name ?? 'another person'}. Nothing can be changed.`}>
            <span className="wide-only">You see BusinessOS as </span>
            <span className="banner-short" aria-hidden>
              As{' '}
            </span>
            {me.name ?? 'another person'}
            <span className="wide-only">. Nothing can be changed.</span>
            <span className="banner-short" aria-hidden>
              {' '}
              · read only
            </span>
          </span>
          <button className="btn quiet" onClick={() => void endViewAs()}>
            Back to yourself
          </button>
        </div>
      )}
      {tenant.demo && (
        <div className="banner">
          <IconInfoCircle size={16} stroke={1.5} aria-hidden />
          <span className="ellipsis">Demo workspace: keep nothing here that matters.</span>
        </div>
      )}
    </div>
  )
}
