/**
 * What the scenario `page` runs inside the page: it measures from where the person sits. Evaluated as it stands, so it is a
 * script and no module.
 */
globalThis.inside = (() => {
  const seqs = () => [...document.querySelectorAll('article[data-seq]')].map((row) => Number(row.dataset.seq))
  const newest = () => seqs().at(-1) ?? 0
  let watched = null

  return {
    seqs,

    /** The time of the next paint after a row is to be seen. */
    painted(selector) {
      return new Promise((resolve) => {
        const look = () => {
          const row = document.querySelector(selector)
          if (row === null || getComputedStyle(row).visibility !== 'visible') requestAnimationFrame(look)
          else requestAnimationFrame(() => resolve(performance.now()))
        }
        look()
      })
    },

    /** Begins to watch frames, keys, long tasks, and the messages that come into the document. */
    watch() {
      const seen = { frames: [], slowKeys: [], keys: 0, tasks: [], seqs: new Set(), firstSeq: newest() }
      const note = () => {
        for (const seq of seqs()) seen.seqs.add(seq)
      }
      note()
      const rows = new MutationObserver(note)
      rows.observe(document.querySelector('[role=log]'), { childList: true, subtree: true })
      const tasks = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.tasks.push(entry.duration)
      })
      tasks.observe({ type: 'longtask' })
      const keys = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (entry.name === 'keydown') seen.slowKeys.push(entry.duration)
      })
      keys.observe({ type: 'event', durationThreshold: 16 })
      const count = () => {
        seen.keys++
      }
      document.addEventListener('keydown', count, true)
      let running = true
      let before = performance.now()
      const frame = (now) => {
        seen.frames.push(now - before)
        before = now
        if (running) requestAnimationFrame(frame)
      }
      requestAnimationFrame(frame)
      const stop = () => {
        running = false
        for (const observer of [rows, tasks, keys]) observer.disconnect()
        document.removeEventListener('keydown', count, true)
      }
      watched = { seen, stop }
    },

    end() {
      const { seen, stop } = watched
      stop()
      return { ...seen, frames: seen.frames.slice(1), seqs: [...seen.seqs], lastSeq: newest() }
    },
  }
})()
