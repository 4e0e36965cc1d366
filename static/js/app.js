// Makes a page that already works a little more alive. Nothing here is needed to use the studio.
"use strict";

document.documentElement.classList.add("scripted");

const IMAGE_TYPES = ["image/png", "image/jpeg", "image/webp"];
const IMAGE_MAX_BYTES = 20 * 2 ** 20;
const FAILURES_BEFORE_BANNER = 3;
const TOAST_MS = 10000;
const HOVER_MS = 300;
const HIDDEN_POLL_MS = 30000;

const on = (name, act, options) => document.addEventListener(name, act, options);
const closest = (event, selector) => event.target instanceof Element && event.target.closest(selector);

/* --- the composer --- */

on("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = closest(event, "[data-composer]");
  if (form) form.querySelector("#generate").click();
});

function pictureTrouble(file) {
  if (!IMAGE_TYPES.includes(file.type)) return "Only PNG, JPEG or WebP.";
  const megabytes = Math.ceil((file.size / 2 ** 20) * 10) / 10;
  return file.size > IMAGE_MAX_BYTES ? `This file is ${megabytes} MB; the limit is 20 MB.` : "";
}

function say(slot, sentence) {
  const list = document.createElement("ul");
  list.className = "errorlist";
  list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
  slot.querySelector("[role=alert]").replaceChildren(...(sentence ? [list] : []));
}

function preview(slot, file) {
  const image = document.createElement("img");
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  slot.querySelector("[data-drop] > :is(.icon, img)").replaceWith(image);
}

// In the capture phase, so that htmx does not upload what the server would refuse.
on("change", (event) => {
  const slot = event.target.type === "file" && closest(event, "[data-slot]");
  if (!slot || !event.target.files.length) return;
  const trouble = pictureTrouble(event.target.files[0]);
  say(slot, trouble);
  if (!trouble) return preview(slot, event.target.files[0]);
  event.stopPropagation();
  event.target.value = "";
}, true);

for (const name of ["dragover", "dragleave", "drop"]) {
  on(name, (event) => {
    const drop = closest(event, "[data-drop]");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name !== "drop" || !event.dataTransfer.files.length) return;
    const input = drop.querySelector("input");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// Which lengths and crops are possible also depends on the pictures.
const settle = () => htmx.trigger("#settings", "refresh");

on("htmx:afterSwap", (event) => {
  if (event.detail.elt.matches("[data-slot]") && event.detail.requestConfig.path.endsWith("/pictures/")) settle();
});

// A fold that is swapped stays as open as it was, and keeps the focus.
let openFolds = [];
let focused = "";
on("htmx:beforeSwap", (event) => {
  openFolds = [...event.target.querySelectorAll("details[open]")].map((fold) => fold.id);
  focused = document.activeElement.id;
});
on("htmx:afterSwap", () => {
  for (const id of openFolds) document.getElementById(id)?.setAttribute("open", "");
  if (openFolds.length && focused) document.getElementById(focused)?.focus();
});

// Whoever picks a model with the pointer is done picking; the arrow keys (detail 0) may want to go on.
on("click", (event) => {
  const picker = event.detail > 0 && closest(event, ".model") && closest(event, ".picker");
  if (!picker) return;
  picker.open = false;
  picker.querySelector("summary").focus();
});

// What was wrong with the last try is no longer so.
on("htmx:afterRequest", (event) => {
  const { xhr, requestConfig } = event.detail;
  const form = document.querySelector("[data-composer]");
  if (xhr.status !== 200 || !form || requestConfig.path !== form.getAttribute("action")) return;
  for (const list of form.querySelectorAll(".errorlist")) list.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
});

// A picture on its way up must not lose its place to an answer about the settings.
on("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.matches(":is([data-slot], #references):has(.htmx-request)")) event.detail.shouldSwap = false;
});

/* --- clicks --- */

on("click", async (event) => {
  const button = closest(event, "[data-remove], [data-dismiss], [data-copy], [data-themes] button");
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (!button) return;
  if (button.matches("[data-remove]")) {
    const slot = button.closest("[data-slot]");
    button.closest("figure").remove();
    (slot.querySelector("input[type=file]") ?? document.querySelector("#references input[type=file]"))?.focus();
    settle();
  } else if (button.matches("[data-dismiss]")) {
    button.closest(".toast").remove();
  } else if (button.matches("[data-copy]")) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.lastElementChild.textContent = "Copied";
  } else {
    event.preventDefault();
    chooseTheme(button);
  }
});

on("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

function chooseTheme(button) {
  const body = new FormData(button.form);
  body.set("theme", button.value);
  for (const other of button.form.querySelectorAll("button")) other.ariaPressed = String(other === button);
  if (button.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = button.value;
  fetch(button.form.action, { method: "POST", body, redirect: "manual" });
}

/* --- clocks --- */

function clock(seconds) {
  const pad = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.since)) / 1000));
    time.textContent = clock(seconds);
    const usual = time.closest(".leader")?.querySelector("[data-late]");
    if (usual && seconds > usual.dataset.late * 1.2) {
      usual.firstElementChild.hidden = true;
      usual.lastElementChild.hidden = false;
    }
  }
}
tick();
setInterval(tick, 1000);
on("htmx:afterSettle", tick);

/* --- news --- */

const title = document.title;
let unseen = 0;

function tellTitle(added) {
  unseen = document.hidden ? unseen + added : 0;
  document.title = unseen ? `(${unseen}) Ready – ${title}` : title;
}

new MutationObserver((changes) => {
  for (const toast of changes.flatMap((change) => [...change.addedNodes])) {
    if (!(toast instanceof Element)) continue;
    if (toast.dataset.news === "ready") tellTitle(1);
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, TOAST_MS) : toast.remove());
    setTimeout(leave, TOAST_MS);
  }
}).observe(document.getElementById("toasts"), { childList: true });

on("visibilitychange", () => {
  tellTitle(0);
  const poller = !document.hidden && document.querySelector("[data-poll]");
  if (poller) htmx.trigger(poller, "poll:now");
});

// Hardly any polls while nobody looks: just enough for the title to tell the news.
let polledAt = Date.now();
on("htmx:beforeRequest", (event) => {
  if (!event.detail.elt.hasAttribute("data-poll")) return;
  if (document.hidden && Date.now() - polledAt < HIDDEN_POLL_MS) event.preventDefault();
  else polledAt = Date.now();
});

on("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.matches(".clip, .clips")) htmx.trigger(document.body, "recount");
});

/* --- when the studio does not answer --- */

let failures = 0;

function count(failed) {
  failures = failed ? failures + 1 : 0;
  const banner = document.getElementById("offline");
  if (banner) banner.hidden = failures < FAILURES_BEFORE_BANNER;
}
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) on(name, () => count(true));
on("htmx:beforeOnLoad", (event) => event.detail.xhr.status < 500 && count(false));

/* --- what has to be put right comes first --- */

const toFirstInvalid = () => document.querySelector("[aria-invalid=true]")?.focus();
toFirstInvalid();
on("htmx:afterSettle", (event) => event.detail.xhr?.status === 422 && toFirstInvalid());

/* --- a look at a ready clip under the pointer, without sound --- */

if (matchMedia("(hover: hover) and (prefers-reduced-motion: no-preference)").matches) {
  let waiting;
  on("pointerenter", (event) => {
    const video = event.target instanceof HTMLVideoElement && closest(event, ".clip video");
    if (!video || !video.paused || video.currentTime > 0) return;
    waiting = setTimeout(() => {
      video.muted = true;
      video.dataset.peek = "";
      video.play().catch(() => {});
    }, HOVER_MS);
  }, true);
  on("pointerleave", (event) => {
    clearTimeout(waiting);
    if (event.target instanceof HTMLVideoElement && "peek" in event.target.dataset) {
      event.target.pause();
      event.target.currentTime = 0;
      event.target.muted = false;
      delete event.target.dataset.peek;
    }
  }, true);
  // Whoever presses a control of the player wants to watch, with sound.
  on("click", (event) => {
    if (event.target instanceof HTMLVideoElement) delete event.target.dataset.peek;
  });
}
