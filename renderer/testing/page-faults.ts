import type { Page } from 'playwright-core'

/**
 * What a person with a screen reader, a keyboard or a thumb would trip over on the present screen: controls without a name, names
 * given twice, a page without exactly one main heading, focus that jumps, targets too small, sideways scrolling.
 */
export const pageFaults = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const faults: string[] = []
    const seen = (node: Element): boolean => node.checkVisibility({ visibilityProperty: true, opacityProperty: false })
    const text = (id: string): string => document.getElementById(id)?.textContent ?? ''
    const nameOf = (node: HTMLElement): string => {
      const labels = 'labels' in node ? [...((node.labels as NodeListOf<HTMLLabelElement> | null) ?? [])] : []
      const parts = [
        node.getAttribute('aria-label'),
        ...(node.getAttribute('aria-labelledby')?.split(' ').map(text) ?? []),
        ...labels.map((label) => label.textContent),
        node.textContent,
        node.getAttribute('title'),
      ]
      return parts.find((part) => part !== null && part.trim() !== '') ?? ''
    }
    const mark = (node: Element): string => `<${node.tagName.toLowerCase()} class="${node.getAttribute('class') ?? ''}">`
    for (const node of document.querySelectorAll<HTMLElement>('button, a[href], input, textarea, select, [role=tab], [role=option]')) {
      if (!seen(node) || node.getAttribute('type') === 'hidden') continue
      if (nameOf(node) === '') faults.push(`${mark(node)} has no name`)
      const { width, height } = node.getBoundingClientRect()
      // A link inside a sentence or cell is as tall as its line; everything else is something to aim at.
      if (node.matches('button, [role=tab]') && !node.matches('.link') && width > 1 && (width < 20 || height < 20))
        faults.push(`${mark(node)} is ${Math.round(width)} × ${Math.round(height)} px`)
    }
    const ids = [...document.querySelectorAll('[id]')].map((node) => node.id)
    for (const id of new Set(ids.filter((each, at) => ids.indexOf(each) !== at))) faults.push(`id ${id} is given twice`)
    for (const role of ['main', 'h1']) {
      const found = [...document.querySelectorAll(role)].filter(seen).length
      if (found !== 1) faults.push(`${found} × ${role}`)
    }
    for (const node of document.querySelectorAll('[tabindex]'))
      if (Number(node.getAttribute('tabindex')) > 0) faults.push(`${mark(node)} jumps the order`)
    for (const node of document.querySelectorAll('[aria-describedby], [aria-controls]'))
      for (const id of (node.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean))
        if (!document.getElementById(id)) faults.push(`${mark(node)} is described by nothing`)
    for (const image of document.querySelectorAll('img:not([alt])')) faults.push(`${mark(image)} has no alternative`)
    if (document.documentElement.lang === '') faults.push('the page has no language')
    if (document.documentElement.scrollWidth > window.innerWidth) faults.push('scrolls sideways')
    return [...new Set(faults)]
  })
