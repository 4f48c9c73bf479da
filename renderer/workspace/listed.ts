/** What is typed with commas, spaces or lines between. */
export const listed = (text: string): readonly string[] => text.split(/[\s,;]+/).filter((each) => each !== '')
