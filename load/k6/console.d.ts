/** k6's console, which its types leave out. */
declare const console: { error(message: string): void }
