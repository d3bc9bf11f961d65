// The words on unfold's charts, in a grey that is readable on the ground that there is: unfold's own is too faint.
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

// Alpine gives the page its theme before it is loaded, and again when somebody changes it.
document.addEventListener("DOMContentLoaded", () => {
  colourCharts();
  new MutationObserver(colourCharts).observe(document.documentElement, { attributeFilter: ["class"] });
});
