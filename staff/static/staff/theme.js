// The Content-Security-Policy refuses styles that a script writes into the page, and htmx needs neither its own style
// nor `eval`. htmx reads this when the page is complete.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
