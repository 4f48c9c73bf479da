/**
 * What search and `contains` compare by: without accents, without case. The twin of SQL bos.fold, character for character.
 * Lower-casing writes a sigma at the end of a word as ς and elsewhere as σ; a part of a word must still be found, hence the last step.
 */
export const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll('\u03c2', '\u03c3')

/** Makes % _ \ plain in a LIKE pattern. */
export const escapeLike = (text: string): string => text.replace(/[%_\\]/g, '\\$&')
