// Keeps Home up to date, also in a tab that nobody looks at: its title counts what needs attention, and who wants it
// hears a sound when a High alert has failed.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const home = () => document.getElementById("home");
  if (!home()) return;
  const highOf = (part) => new Set(part.dataset.high.split(" ").filter(Boolean));
  const ring = makeSound();

  keepFresh({
    seconds: 10,
    part: "#home",
    evenHidden: true,
    put(page) {
      const fresh = page.getElementById("home");
      const known = highOf(home());
      const isNew = [...highOf(fresh)].some((key) => !known.has(key));
      follow(home(), fresh);
      document.title = home().dataset.title;
      if (isNew) ring();
    },
  });
});

// The button that switches the sound on and off; the browser remembers it. Returns what makes the sound, if it is on.
function makeSound() {
  const REMEMBERED = "bleepSound";
  const button = document.getElementById("home-sound");
  const note = document.getElementById("home-sound-note");
  if (!button) return () => {};
  let context = null;

  const isOn = () => localStorage.getItem(REMEMBERED) === "on";

  // Browsers let a page make a sound only after somebody has used it.
  async function wake() {
    if (!navigator.userActivation?.hasBeenActive) {
      note.textContent = "Your browser allows the sound once you click on this page.";
      return;
    }
    context ??= new AudioContext();
    await Promise.race([context.resume(), new Promise((later) => setTimeout(later, 300))]);
    note.textContent = context.state === "running" ? "" : "Your browser does not let this page make a sound.";
  }

  function play() {
    for (const [at, pitch] of [[0, 880], [0.25, 660], [0.5, 880]]) {
      const tone = new OscillatorNode(context, { frequency: pitch });
      const volume = new GainNode(context, { gain: 0.2 });
      tone.connect(volume).connect(context.destination);
      tone.start(context.currentTime + at);
      tone.stop(context.currentTime + at + 0.2);
    }
  }

  async function ring() {
    if (!isOn()) return;
    await wake();
    if (context?.state === "running") play();
  }

  function show() {
    button.setAttribute("aria-pressed", String(isOn()));
    button.textContent = `Sound for a new High failure: ${isOn() ? "on" : "off"}`;
    if (!isOn()) note.textContent = "";
  }

  button.addEventListener("click", async () => {
    localStorage.setItem(REMEMBERED, isOn() ? "off" : "on");
    show();
    await ring(); // what it will be like
  });
  for (const use of ["pointerdown", "keydown"]) document.addEventListener(use, () => isOn() && wake());

  show();
  if (isOn()) wake();
  return ring;
}
