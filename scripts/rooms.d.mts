/** Why a file may not import something, or null. Both are paths within the project; `specifier` as it stands in the file. */
export function fault(from: string, specifier: string, typeOnly: boolean): string | null
