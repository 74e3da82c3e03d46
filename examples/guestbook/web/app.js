// The page: shows the messages, adds one without a reload, and says when the store behind it is away.

const REFRESH = 3000
const RETRY = 1500
const at = (id) => document.getElementById(id)
const [form, input, hint, notice, list, empty, count, light, served] = [
  'form',
  'message',
  'hint',
  'notice',
  'messages',
  'empty',
  'count',
  'light',
  'served',
].map(at)
const button = form.querySelector('button')

// Written, but not yet seen in a list: a replica may be a moment behind.
let pending = []
let shown = ''
let timer
// Only the latest refresh may go on: there is one loop, whoever started it.
let round = 0

async function call(options) {
  const response = await fetch('api/messages', { signal: AbortSignal.timeout(8000), ...options })
  const body = await response.json()
  if (!response.ok) throw Object.assign(new Error(body.error), { pod: body.pod })
  return body
}

async function refresh() {
  clearTimeout(timer)
  const mine = ++round
  try {
    const { messages, pod } = await call()
    if (mine !== round) return
    pending = pending.filter(({ text, seen }) => messages.filter((message) => message === text).length <= seen)
    show(messages)
    say({ up: true, pod })
    timer = setTimeout(refresh, pending.length > 0 ? 300 : REFRESH)
  } catch (error) {
    if (mine !== round) return
    say({ up: false, pod: error.pod, why: error.message })
    timer = setTimeout(refresh, RETRY)
  }
}

// Only what changed is touched, so that a screen reader reads out new messages alone.
function show(messages) {
  const all = [...messages.map((text) => ({ text })), ...pending.map(({ text }) => ({ text, waiting: true }))]
  const next = JSON.stringify(all)
  if (next === shown) return
  shown = next
  while (list.children.length > all.length) list.lastChild.remove()
  all.forEach(({ text, waiting }, index) => {
    const item = list.children[index] ?? list.appendChild(document.createElement('li'))
    if (item.textContent !== text) item.textContent = text
    item.classList.toggle('pending', waiting === true)
  })
  count.textContent = String(all.length)
  count.hidden = all.length === 0
  empty.hidden = all.length > 0
  empty.textContent = 'No messages yet. Yours will be the first.'
}

function say({ up, pod, why }) {
  if (!up && list.children.length === 0) empty.textContent = 'Messages will appear here as soon as redis answers.'
  light.className = `light ${up ? 'up' : 'down'}`
  notice.hidden = up
  const text = why === undefined ? '' : `Redis is not there yet. Trying again… (${why})`
  const frontendAway = 'The guestbook cannot be reached. Trying again…'
  const next = pod === undefined ? frontendAway : text
  if (!up && notice.textContent !== next) notice.textContent = next
  if (pod === undefined) {
    served.textContent = 'Not connected'
    return
  }
  const name = document.createElement('b')
  name.textContent = pod
  served.replaceChildren('Served by pod ', name)
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const text = input.value.trim()
  if (text === '') return
  hint.textContent = ''
  button.disabled = true
  try {
    await call({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: text }),
    })
    const before = [...list.children].filter((item) => item.textContent === text).length
    pending.push({ text, seen: before })
    input.value = ''
    await refresh()
  } catch (error) {
    hint.textContent = `Your message was not saved: ${error.message}`
  } finally {
    button.disabled = false
    input.focus()
  }
})

document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  if (!document.hidden) void refresh()
})

void refresh()
