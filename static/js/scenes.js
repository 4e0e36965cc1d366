// The composer's scenes: where the focus goes after a press, and what Enter means. Nothing here is needed.
"use strict";

(() => {
  // Enter in a field of one line would press the first button of the form. Here it only says "done".
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!(field instanceof HTMLInputElement) || field.type !== "text" || !field.closest("[data-composer]")) return;
    event.preventDefault();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // The row that was moved has another number now, and with it other ids.
  document.addEventListener("htmx:afterSettle", () => {
    const scenes = document.querySelector("#scenes[data-focus]");
    if (!scenes) return;
    document.getElementById(scenes.dataset.focus)?.focus();
    delete scenes.dataset.focus;
  });

  // Prompts that were opened stay open when they are compiled anew.
  let open = [];
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.id !== "compiled") return;
    open = [...event.detail.target.querySelectorAll("details[open]")].map((fold) => fold.id);
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    open = [];
  });
})();
