// The labelling page's entry: Splunk Web loads it as the view's script, and the page is made of the
// modules beside it. Splunk's own loader knows no modules, so that this file asks for them itself.
(function () {
  "use strict";

  function root() {
    var path = window.location.pathname;
    var at = path.indexOf("/app/");
    return at < 0 ? "" : path.slice(0, at);
  }

  function start() {
    var place = document.getElementById("sftsec-labelling");
    if (!place) { window.setTimeout(start, 100); return; } // the dashboard is still being drawn
    import("./labelling/page.js")
      .then(function (page) { return page.open(place, root()); })
      .catch(function (error) { place.textContent = "The page cannot be started: " + error.message; });
  }

  start();
})();
