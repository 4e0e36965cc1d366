// Trimming by eye on the page of a film. The fields beside it say the same, and are what is sent.
"use strict";

(() => {
  const MAX_BYTES = 50 * 2 ** 20;
  const closest = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  const text = (seconds) => String(Number(seconds.toFixed(3)));
  const field = (name) => document.getElementById(name);
  const rangeOf = (input) => document.querySelector(`[data-sets="${input.id}"]`);
  const videoOf = (element) => element.closest("[data-trim]").querySelector("video");

  function show(video, seconds) {
    video.preload = "auto";
    video.pause();
    // The last frame begins one frame before the end; at the end itself some players show nothing.
    video.currentTime = Math.max(0, Math.min(seconds, (video.duration || seconds) - 0.02));
  }

  // The video is fetched once somebody looks at it.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.trim[open]")) event.target.querySelector("video").preload = "metadata";
  }, true);

  document.addEventListener("input", (event) => {
    const range = closest(event, "[data-sets]");
    if (range) {
      field(range.dataset.sets).value = text(Number(range.value));
      // The end is where the last picture stops being seen.
      const back = range.dataset.sets.endsWith("-end") ? Number(range.step) : 0;
      show(videoOf(range), Number(range.value) - back);
      return;
    }
    const input = closest(event, "[data-trim] input[type=text]");
    const seconds = input && Number(input.value.replace(",", "."));
    if (input && rangeOf(input) && Number.isFinite(seconds)) rangeOf(input).value = seconds;
  });

  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-here]");
    if (!button) return;
    const input = field(button.dataset.here);
    const range = rangeOf(input);
    range.value = videoOf(button).currentTime;
    input.value = text(Number(range.value));
  });

  // Whoever takes a clip out has lost the button that they pressed.
  document.addEventListener("htmx:afterSettle", (event) => {
    const order = event.detail.requestConfig?.path.includes("/cuts/") && document.activeElement === document.body;
    if (order) field("film-order-title").focus();
  });

  // What the server would refuse for its size is not sent.
  document.addEventListener("change", (event) => {
    const input = closest(event, "#id_track");
    if (!input) return;
    const large = input.files.length > 0 && input.files[0].size > MAX_BYTES;
    const megabytes = large && Math.ceil((input.files[0].size / 2 ** 20) * 10) / 10;
    input.setCustomValidity(large ? `This file is ${megabytes} MB; the limit is 50 MB.` : "");
    input.reportValidity();
  });
})();
