// Shots can be dragged, and moved with the arrow keys. The buttons do the same without it.
"use strict";

{
  const on = (name, act) => document.addEventListener(name, act);
  const shotOf = (event) => event.target instanceof Element && event.target.closest("[data-shot]");
  const shots = () => [...document.querySelectorAll("[data-shot]")];
  const KEYS = { ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last" };
  let dragged = null;

  function move(shot, to) {
    htmx.ajax("POST", shot.dataset.move, {
      source: shot.querySelector("[name=to]").form,
      target: "#board",
      swap: "outerHTML",
      values: { to },
    });
  }

  on("keydown", (event) => {
    const shot = event.target instanceof Element && event.target.closest(".shot-moves button") && shotOf(event);
    const to = !event.altKey && !event.ctrlKey && !event.metaKey && KEYS[event.key];
    if (!shot || !to) return;
    event.preventDefault();
    move(shot, to);
  });

  // Only the number is a handle: the words of a shot stay selectable.
  on("pointerdown", (event) => {
    const shot = event.target instanceof Element && event.target.closest("[data-handle]") && shotOf(event);
    for (const other of shots()) other.draggable = other === shot;
  });

  function mark(shot, after) {
    for (const other of shots()) {
      other.classList.toggle("drop-before", other === shot && after === false);
      other.classList.toggle("drop-after", other === shot && after === true);
    }
  }

  const isAfter = (event, shot) => {
    const box = shot.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  };

  on("dragstart", (event) => {
    const shot = shotOf(event);
    if (!shot?.draggable) return;
    dragged = shot;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    shot.classList.add("dragged");
  });

  on("dragover", (event) => {
    const shot = dragged && shotOf(event);
    if (!shot) return;
    event.preventDefault();
    mark(shot, isAfter(event, shot));
  });

  on("drop", (event) => {
    const shot = dragged && shotOf(event);
    if (!shot) return;
    event.preventDefault();
    const rest = shots().filter((other) => other !== dragged);
    const place = shot === dragged ? -1 : rest.indexOf(shot) + (isAfter(event, shot) ? 1 : 0);
    if (place >= 0 && place !== shots().indexOf(dragged)) move(dragged, String(place + 1));
  });

  on("dragend", () => {
    dragged?.classList.remove("dragged");
    if (dragged) dragged.draggable = false;
    mark(null);
    dragged = null;
  });

  // Nothing is swapped under a hand that holds a shot.
  on("htmx:beforeRequest", (event) => {
    if (dragged && event.detail.elt.id === "board") event.preventDefault();
  });
}
