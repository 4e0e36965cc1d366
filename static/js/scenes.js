// The composer's scenes: where the focus goes after a press, and what Enter means. Nothing here is needed.
"use strict";

(() => {
  const change = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));

  // Enter in a field of one line would press the first button of the form. Here it only says "done".
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!(field instanceof HTMLInputElement) || field.type !== "text" || !field.closest("[data-composer]")) return;
    event.preventDefault();
    change(field);
  });

  // The row that was moved has another number now, and with it other ids.
  document.addEventListener("htmx:afterSettle", () => {
    const scenes = document.querySelector("#scenes[data-focus]");
    if (!scenes) return;
    document.getElementById(scenes.dataset.focus)?.focus();
    delete scenes.dataset.focus;
  });

  const ask = (field) => {
    delete field.dataset.typed;
    change(field);
  };

  // A length that is typed while an answer about something else arrives is not lost to it.
  let typed;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const field = document.getElementById("id_longer");
    const sent = event.detail.requestConfig.parameters.longer ?? "";
    typed = event.detail.target.id === "settings" && field && field.value !== sent ? field.value : undefined;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const field = document.getElementById("id_longer");
    if (typed === undefined || !field) return;
    field.value = typed;
    field.dataset.typed = "unheard";
    typed = undefined;
  });
  // htmx hears a new field only once it has settled. One that is still being typed in is asked about when it is left.
  document.addEventListener("htmx:afterSettle", () => {
    const field = document.getElementById("id_longer");
    if (!field?.dataset.typed) return;
    if (document.activeElement === field) field.dataset.typed = "heard";
    else ask(field);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target instanceof HTMLInputElement && target.dataset.typed === "heard") ask(target);
  });

  // An answer about the words alone is out of date once one about the whole form was asked for, or has come.
  const forget = () => {
    const typing = document.querySelector("#live > [hx-post]");
    if (typing) htmx.trigger(typing, "htmx:abort");
  };
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target.id === "settings") forget();
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "settings") forget();
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
