// Keeps the account page up to date: asks for its changing parts and replaces those that changed.
// The parts are HTML from our own server, which has escaped whatever stands in them.
const EVERY_MS = 1000;
const PATIENCE_MS = 5000;
const shown = new Map();
const live = document.getElementById("live");

function show(parts) {
  for (const [id, html] of Object.entries(parts)) {
    if (shown.get(id) !== html) {
      shown.set(id, html);
      document.getElementById(id).innerHTML = html;
    }
  }
  live.hidden = true;
}

function showOffline() {
  if (!live.hidden) return;
  live.textContent = `Not up to date since ${new Date().toLocaleTimeString()}: the demo does not answer.`;
  live.hidden = false;
}

async function refresh() {
  try {
    const answer = await fetch(`${location.pathname.replace(/\/faucet$/, "")}/live`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
  } catch {
    showOffline();
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
