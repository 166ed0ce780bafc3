// The set-up page: writes local/sftsec.conf and the service's token by splunkd's REST API, as the
// user that is logged in. The token goes into the credential store and is never read back here.
(function () {
  "use strict";

  var APP = "/servicesNS/nobody/sftsec/";
  var FIELDS = [
    {
      stanza: "service", name: "url", label: "Address of the scoring service", type: "url",
      help: "Where `sftsec serve` listens: https://host:8765. Empty: nothing is scored."
    },
    {
      stanza: "service", name: "ca_file", label: "Its certificate's authority", type: "text",
      help: "A PEM file on the search head; $SPLUNK_HOME may begin it. Empty: the authorities that the system trusts."
    },
    {
      stanza: "service", name: "timeout", label: "Seconds for a batch", type: "number",
      help: "From 1 to 600.", least: 1, most: 600
    },
    {
      stanza: "service", name: "batch", label: "Events in a batch", type: "number",
      help: "From 1 to 10000, and no more than serve.max_batch of sftsec.yaml.", least: 1, most: 10000
    },
    {
      stanza: "labelling", name: "verdicts", label: "Verdicts that analysts are offered", type: "text",
      help: "Separated by commas; tasks.NAME.labels of sftsec.yaml maps them to labels."
    }
  ];

  // --- splunkd, by way of Splunk Web

  function root() {
    var path = window.location.pathname;
    var at = path.indexOf("/app/");
    return at < 0 ? "" : path.slice(0, at);
  }

  function formKey() {
    // A browser holds one for each Splunk Web of a host, told apart by the port that it has configured.
    var port = (window.$C || {}).MRSPARKLE_PORT_NUMBER || window.location.port;
    var found = new RegExp("(?:^|; *)splunkweb_csrf_token_" + port + "=([^;]*)").exec(document.cookie) ||
      /(?:^|; *)splunkweb_csrf_token_\d+=([^;]*)/.exec(document.cookie);
    return found ? decodeURIComponent(found[1]) : "";
  }

  function call(method, path, form) {
    var request = {
      method: method,
      credentials: "same-origin",
      headers: { "X-Requested-With": "XMLHttpRequest", "X-Splunk-Form-Key": formKey() }
    };
    if (form) {
      request.headers["Content-Type"] = "application/x-www-form-urlencoded";
      request.body = new URLSearchParams(form).toString();
    }
    return fetch(root() + "/splunkd/__raw" + path + "?output_mode=json", request).then(function (answer) {
      return answer.json().catch(function () { return {}; }).then(function (content) {
        if (answer.ok) { return content; }
        var said = (content.messages || []).map(function (each) { return each.text; }).join("; ");
        var error = new Error(said || "Splunk answered " + answer.status);
        error.status = answer.status;
        throw error;
      });
    });
  }

  function stanza(name) {
    return call("GET", APP + "configs/conf-sftsec/" + name).then(function (answer) {
      return answer.entry[0].content;
    });
  }

  function saveToken(token) {
    if (!token) { return Promise.resolve(); }
    var place = APP + "storage/passwords";
    return call("POST", place + "/sftsec%3Aservice_token%3A", { password: token }).catch(function (error) {
      if (error.status !== 404) { throw error; }
      return call("POST", place, { realm: "sftsec", name: "service_token", password: token });
    });
  }

  // --- the form

  function element(name, attributes, text) {
    var made = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (each) { made.setAttribute(each, attributes[each]); });
    if (text) { made.textContent = text; }
    return made;
  }

  function field(form, asked, value) {
    var id = "sftsec-" + asked.name;
    var input = element("input", { id: id, name: asked.name, type: asked.type, "aria-describedby": id + "-help" });
    if (asked.least) { input.min = asked.least; input.max = asked.most; input.required = true; }
    if (asked.hidden) { input.autocomplete = "new-password"; }
    input.value = value || "";
    form.appendChild(element("label", { "for": id }, asked.label));
    form.appendChild(input);
    form.appendChild(element("p", { id: id + "-help", "class": "sftsec-help" }, asked.help));
    return input;
  }

  function wrong(inputs) {
    var url = inputs.url.value.trim();
    var local = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\/?$/.test(url);
    if (url && !local && !/^https:\/\/[^\s\/?#@]+\/?$/.test(url)) {
      return "The address must be https://host:port, without a user in it.";
    }
    if (!inputs.verdicts.value.split(",").some(function (word) { return word.trim(); })) {
      return "Name at least one verdict.";
    }
    return "";
  }

  function save(inputs, token) {
    var forms = { service: {}, labelling: {} };
    FIELDS.forEach(function (each) { forms[each.stanza][each.name] = inputs[each.name].value.trim(); });
    return call("POST", APP + "configs/conf-sftsec/service", forms.service)
      .then(function () { return call("POST", APP + "configs/conf-sftsec/labelling", forms.labelling); })
      .then(function () { return saveToken(token.value); })
      .then(function () {
        token.value = "";
        return markConfigured();
      });
  }

  // All is saved by then; only Splunk's own note that it was is an administrator's to make.
  function markConfigured() {
    return call("POST", "/services/apps/local/sftsec", { configured: "true" }).then(
      function () { return ""; },
      function (error) {
        if (error.status !== 403) { throw error; }
        return " Splunk opens this page first until an administrator saves it once.";
      }
    );
  }

  function show(place, values) {
    var form = element("form", { autocomplete: "off", novalidate: "novalidate" });
    var inputs = {};
    FIELDS.forEach(function (each) { inputs[each.name] = field(form, each, values[each.stanza][each.name]); });
    var token = field(form, {
      name: "token", label: "The service's token", type: "password", hidden: true,
      help: "One of serve.tokens of sftsec.yaml. It goes into Splunk's credential store. Empty: it stays as it is."
    });
    var button = element("button", { type: "submit", "class": "btn btn-primary" }, "Save");
    var told = element("p", { role: "status" });
    form.appendChild(button);
    form.appendChild(told);
    function tell(kind, text) {
      told.setAttribute("data-kind", kind);
      told.textContent = text;
    }
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var complaint = wrong(inputs);
      if (complaint) { tell("wrong", complaint); return; }
      button.disabled = true;
      tell("busy", "Saving");
      save(inputs, token)
        .then(function (note) { tell("done", "Saved." + note + " Try it in a search: | makeresults | eval message=\"verify your account\" | sftsecscore task=TASK field=message"); })
        .catch(function (error) { tell("wrong", "Not saved: " + error.message); })
        .then(function () { button.disabled = false; });
    });
    place.textContent = "";
    place.appendChild(form);
  }

  function start() {
    var place = document.getElementById("sftsec-setup");
    if (!place) { window.setTimeout(start, 100); return; } // the dashboard is still being drawn
    Promise.all([stanza("service"), stanza("labelling")])
      .then(function (found) { show(place, { service: found[0], labelling: found[1] }); })
      .catch(function (error) { place.textContent = "The settings cannot be read: " + error.message; });
  }

  start();
})();
