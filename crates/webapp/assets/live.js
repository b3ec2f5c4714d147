// Replaces the strip whenever the server sees the message at a further hop. Without it the page reloads itself.
"use strict";

const journey = document.getElementById("journey");
const summary = document.getElementById("summary");
const live = document.getElementById("live");

function say(text) {
  live.textContent = text;
  live.hidden = text === "";
}

if (journey.dataset.events) {
  const events = new EventSource(journey.dataset.events);
  events.addEventListener("open", () => say(""));
  events.addEventListener("strip", (event) => { journey.innerHTML = event.data; });
  events.addEventListener("summary", (event) => {
    // A screen reader speaks the summary at every change, so it is touched only when it says something new.
    if (summary.textContent !== event.data) summary.textContent = event.data;
  });
  events.addEventListener("settled", () => events.close());
  events.addEventListener("error", () => {
    const over = events.readyState === EventSource.CLOSED;
    say(over ? "Live updates have ended; reload the page to look again." : "Live updates are interrupted; trying again.");
  });
}
