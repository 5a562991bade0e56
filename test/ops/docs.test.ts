import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PAGES } from './pages.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

for (const [path, page] of Object.entries(PAGES)) {
  test(`${path} says what the code says`, () => {
    assert.equal(read(path), page(), 'write it anew with: node test/ops/pages.ts')
  })
}

test('the README names the two commands', () => {
  const readme = read('README.md')
  assert.match(readme, /npm ci && npm start/)
  assert.match(readme, /npm ci && npm test/)
})

test('every file that the pages link to is there', () => {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']
  const more = ['protocol', 'message-path', 'errors', 'configuration', 'operations', 'cluster', 'load-tools'].map(
    (name) => `docs/${name}.md`,
  )
  for (const page of [...pages, ...more]) {
    for (const [, link] of read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(link as string)) continue
      const path = new URL(link as string, `file:///${page}`).pathname.slice(1)
      assert.doesNotThrow(() => readFileSync(new URL(`../../${path}`, import.meta.url)), `${page} links to ${path}`)
    }
  }
})

test('every source file that the pages name is there', () => {
  for (const page of [
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'docs/message-path.md',
    'docs/protocol.md',
    'docs/operations.md',
    'docs/cluster.md',
    'docs/load-tools.md',
  ]) {
    for (const [path] of read(page).matchAll(/\b(?:src|test|client|web|load)\/[\w./-]+\.tsx?\b/g)) {
      assert.doesNotThrow(() => readFileSync(new URL(`../../${path}`, import.meta.url)), `${page} names ${path}`)
    }
  }
})

test('every metric is explained in docs/operations.md', () => {
  const names = [...read('src/metrics.ts').matchAll(/'(yeoul_\w+)'/g)].map(([, name]) => name as string)
  assert.ok(names.length > 10)
  const page = read('docs/operations.md')
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}`)),
    [],
  )
})
