// Gives the text on unfold's charts a readable grey for the light and the dark theme: unfold's own is too faint.
function colourCharts() {
  const dark = document.documentElement.classList.contains("dark");
  const style = getComputedStyle(document.documentElement);
  const grey = style.getPropertyValue(dark ? "--color-base-300" : "--color-base-700").trim();
  Chart.defaults.color = grey;
  for (const chart of Object.values(Chart.instances)) {
    chart.options.color = grey;
    chart.update("none");
  }
}

// Alpine sets the page's theme before it is loaded, and when the user changes it.
document.addEventListener("DOMContentLoaded", () => {
  colourCharts();
  new MutationObserver(colourCharts).observe(document.documentElement, { attributeFilter: ["class"] });
});
