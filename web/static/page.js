// Keeps the page live. The server writes every word; this script fetches the page again when the
// feed says that something moved, and puts in the parts that changed. Without it the page works too.

const QUIET_MS = 700; // between two refreshes at the least, so that a busy block is one or two
const POLL_MS = 10000; // while the feed is down
const RETRY_MS = [1000, 2000, 5000, 10000];
const STAY_MS = 2 * 60 * 1000; // before the session's end the page asks
const ACTIVE_MS = 5 * 60 * 1000; // what a person does keeps the session, told this often
const SESSION_ENDED = 4401;

const main = document.getElementById("main");
const live = document.getElementById("live");
const written = new WeakMap(); // what the server wrote into a part, before times were localised

let socket = null;
let tries = 0;
let offlineSince = null;
let refreshing = null;
let lastRefresh = 0;
let asked = 0;
let merged = 0; // the newest question whose answer is on the page
let lastActive = Date.now();
let ended = false;

function parts(root) {
  return root.querySelectorAll("[data-live], [data-list] > [data-key]");
}

function remember(root) {
  for (const part of parts(root)) written.set(part, part.innerHTML);
}

// --- times in the reader's zone; the server's UTC stays in the title

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function localise(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    if (!time.title) time.title = time.textContent;
    if (!time.title.includes(zone)) time.title += ` (shown in ${zone})`;
    time.textContent = (moment.toDateString() === today ? clock : calendar).format(moment);
  }
}

// --- putting in what changed

function keyed(list) {
  return new Map([...list.children].filter((c) => c.dataset.key).map((c) => [c.dataset.key, c]));
}

function put(target, source) {
  const focus = target.contains(document.activeElement) ? document.activeElement : null;
  const again = focus && (focus.dataset.copy || focus.getAttribute("href"));
  target.className = source.className;
  target.innerHTML = source.innerHTML;
  written.set(target, source.innerHTML);
  localise(target);
  if (again) {
    const same = (e) => e.dataset.copy === again || e.getAttribute("href") === again;
    [...target.querySelectorAll("button, a")].find(same)?.focus();
  }
}

function putList(target, source) {
  const have = keyed(target);
  const want = keyed(source);
  for (const [key, child] of have) if (!want.has(key)) child.remove();
  let previous = null;
  for (const [key, child] of want) {
    let own = have.get(key);
    if (!own) {
      own = child.cloneNode(true);
      written.set(own, child.innerHTML);
      localise(own);
    } else if (written.get(own) !== child.innerHTML) {
      put(own, child);
    }
    const place = previous ? previous.nextElementSibling : target.firstElementChild;
    if (place !== own) target.insertBefore(own, place);
    previous = own;
  }
}

function merge(page) {
  for (const part of main.querySelectorAll("[data-live]")) {
    const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
    if (fresh && written.get(part) !== fresh.innerHTML) put(part, fresh);
  }
  for (const list of main.querySelectorAll("[data-list]")) {
    const fresh = page.querySelector(`[data-list="${list.dataset.list}"]`);
    if (fresh) putList(list, fresh);
  }
  arrange(page.querySelector("main"));
}

// Parts that changed places, such as deposits that come before the form once one is under way.
function arrange(fresh) {
  const name = (part) => part.dataset.live ?? part.dataset.list;
  const own = new Map([...main.children].filter(name).map((part) => [name(part), part]));
  const wanted = [...fresh.children].map(name).filter((key) => own.has(key));
  if (wanted.join() !== [...own.keys()].join()) main.append(...wanted.map((key) => own.get(key)));
}

// --- asking again

async function refresh({ active = false } = {}) {
  const headers = { Accept: "text/html" };
  if (!active) headers["X-Background"] = "1";
  lastRefresh = Date.now();
  const number = ++asked;
  let answer, text;
  try {
    answer = await fetch(main.dataset.source ?? location.href, { headers, credentials: "same-origin" });
    text = await answer.text();
  } catch {
    return retry();
  }
  if (answer.status === 401) return end(text);
  if (!answer.ok) return retry();
  if (number < merged) return; // overtaken by a later one: it is older than what is shown
  merged = number;
  const page = new DOMParser().parseFromString(text, "text/html");
  document.body.dataset.ends = page.body.dataset.ends || "";
  merge(page);
  say(socket?.readyState === WebSocket.OPEN ? "live" : "polling");
  watchEnd();
}

function retry() {
  say("offline");
  if (socket?.readyState === WebSocket.OPEN) setTimeout(soon, POLL_MS / 2);
}

function soon() {
  if (refreshing || ended) return;
  const wait = Math.max(100, lastRefresh + QUIET_MS - Date.now());
  refreshing = setTimeout(async () => {
    refreshing = null;
    await refresh();
  }, wait);
}

function end(text) {
  ended = true;
  socket?.close();
  const page = new DOMParser().parseFromString(text, "text/html");
  document.querySelector(".tabs")?.remove();
  document.querySelector(".account")?.remove();
  live?.remove();
  main.replaceChildren(...page.querySelector("main").childNodes);
  main.focus();
}

// --- the feed

function say(state) {
  if (!live || ended) return;
  if (state === "offline") offlineSince ??= new Date();
  else offlineSince = null;
  const text = {
    live: "Live: updates by itself",
    polling: "Updates every 10 seconds",
    offline: `Offline since ${offlineSince ? clock.format(offlineSince) : ""}, trying again`,
  }[state];
  live.dataset.state = state;
  const word = live.querySelector(".word");
  if (word.textContent !== text) word.textContent = text;
}

function connect() {
  if (ended) return;
  const address = new URL("/v1/feed", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.onmessage = (event) => {
    const { type } = JSON.parse(event.data);
    if (type === "hello") {
      tries = 0;
      say("live");
    }
    soon(); // after a hello too: something may have moved while nobody listened
  };
  socket.onclose = (event) => {
    if (ended) return;
    if (event.code === SESSION_ENDED) {
      refresh();
    } else if (navigator.onLine === false) {
      say("offline");
    }
    setTimeout(connect, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
    if (tries > 1) say("offline");
  };
}

function watchFeed() {
  connect();
  setInterval(() => {
    if (!ended && socket?.readyState !== WebSocket.OPEN) refresh();
  }, POLL_MS);
  addEventListener("online", () => soon());
  addEventListener("offline", () => say("offline"));
  addEventListener("pageshow", (event) => event.persisted && soon());
  document.addEventListener("visibilitychange", () => document.hidden || soon());
}

// --- the session

let endTimer = null;

function watchEnd() {
  clearTimeout(endTimer);
  document.getElementById("stay")?.remove();
  const ends = new Date(document.body.dataset.ends || NaN);
  if (Number.isNaN(ends.getTime())) return;
  const left = ends - Date.now();
  endTimer = setTimeout(() => (left > STAY_MS ? offerToStay(ends) : refresh()), Math.max(1000, left > STAY_MS ? left - STAY_MS : left + 500));
}

function offerToStay(ends) {
  const banner = document.createElement("p");
  banner.id = "stay";
  banner.className = "banner care";
  banner.setAttribute("role", "alert");
  banner.textContent = `For your safety you are signed out at ${clock.format(ends)} unless you stay. `;
  const stay = document.createElement("button");
  stay.className = "small";
  stay.textContent = "Stay signed in";
  stay.onclick = () => refresh({ active: true });
  banner.append(stay);
  main.prepend(banner);
  endTimer = setTimeout(refresh, Math.max(1000, ends - Date.now() + 500));
}

function noteActive() {
  if (ended || Date.now() - lastActive < ACTIVE_MS) return;
  lastActive = Date.now();
  refresh({ active: true });
}

// --- copying

async function copy(button) {
  const text = button.dataset.copy;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyOldWay(text);
  }
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  button.textContent = done ? (button.dataset.said ?? "Copied") : "Select it and copy by hand";
  button.setAttribute("aria-live", "polite");
  setTimeout(() => (button.textContent = label), 4000);
}

function copyOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
  const filler = event.target.closest("[data-fill]");
  if (filler) fill(event, filler);
});

// A link that fills a field: where it leads would forget what stands in the others.
function fill(event, link) {
  const field = document.getElementById(link.dataset.fill);
  if (!field) return;
  event.preventDefault();
  field.value = link.dataset.value;
  field.focus();
}

if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname);

remember(document);
localise(document);
if (live) {
  watchFeed();
  watchEnd();
  for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, noteActive, { passive: true });
}
