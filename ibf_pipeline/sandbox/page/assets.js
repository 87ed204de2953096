// Schools, gauges, roads: exposed ones are red and can be clicked, all others are small marks without a name.
const KINDS = {
  schools: ["School", "Schools", "M-5-5H5V5H-5Z"], health_sites: ["Health site", "Health sites", "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z"],
  waterpoints: ["Water point", "Water points", "M0-7C3-2 5 0 5 2A5 5 0 0 1-5 2C-5 0-3-2 0-7Z"],
  gauges: ["Gauge", "Gauges", "M0-8 7 0 0 8-7 0Z"], roads: ["Road", "Roads", null], buildings: ["Building", "Buildings", null],
};
const kind = (category) => KINDS[category] || [category.replace("_", " "), category.replace("_", " "), "M-4-4H4V4H-4Z"];
const GAUGE_KEYS = [["water-level", "Level"], ["water-level-reference", "Reference"], ["water-level-previous", "Previous"], ["water-level-alert-level", "Alert level"]];
const levels = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 3, useGrouping: false });
const MOST_MARKS = 1500;   // exposed points that can be clicked; more are drawn as bare dots
const MOST_STOPS = 100;    // of marks that the keyboard stops at; the list below has them all
const MOST_ROWS = 200;
const hours = (leadTime) => Number(leadTime.split("-")[0]);
const whereabouts = new Map();
const hidden = new Set();  // categories that are switched off
const most = 3000;         // categories with more points are off at first

async function loadPlaces() {
  const key = `${chosen.iso3}/${chosen.disaster}`;
  if (!chosen.layers.length) return { points: {}, lines: {} };
  if (!whereabouts.has(key)) {
    const found = JSON.parse(await load("assets", { iso3: chosen.iso3, disaster: chosen.disaster }));
    whereabouts.set(key, found);
    for (const [category, flat] of Object.entries(found.points)) if (flat.length / 2 > most) hidden.add(`${key}/${category}`);
  }
  return whereabouts.get(key);
}
const switchOf = (category) => `${chosen.iso3}/${chosen.disaster}/${category}`;
const leadTimeChosen = () => at("at").value;
const matches = (leadTime) => !leadTimeChosen() || leadTime === null || leadTime === leadTimeChosen();
const exposedPoints = () => state.points.filter((point) => point.category !== "gauges" && point.values && matches(point.leadTime));
const exposedLines = (lines) => Object.entries(lines.exposed).filter(([leadTime]) => matches(leadTime)).flatMap(([, fids]) => fids);

/** Whether an event of the chosen lead time covers an area. */
function isAtLeadTime(code) {
  const names = new Set(state.events.filter((event) => event.firstLeadTime === leadTimeChosen()).map((event) => event.shown));
  return (state.areas[code] || []).some((cover) => names.has(cover.event));
}
/** Lead times of events and of what is exposed; one that was chosen stays. */
function showLeadTimes() {
  const before = leadTimeChosen();
  const found = new Set([...state.points.map((point) => point.leadTime), ...state.lines.flatMap((lines) => Object.keys(lines.exposed)), ...state.events.map((event) => event.firstLeadTime)]);
  found.delete(null);
  const sorted = [...found].sort((a, b) => hours(a) - hours(b));
  at("at-label").hidden = !chosen.layers.length;
  at("at").replaceChildren(make("option", { value: "" }, "all"), ...sorted.map((leadTime) => make("option", { value: leadTime, selected: leadTime === before }, [leadTime, leadDay(leadTime)].filter(Boolean).join(": "))));
}
function showSwitches(places) {
  const exposed = new Map();
  for (const point of exposedPoints()) exposed.set(point.category, (exposed.get(point.category) || 0) + 1);
  for (const lines of state.lines) exposed.set(lines.category, new Set(exposedLines(lines)).size);
  const counts = [...Object.entries(places.points).map(([category, flat]) => [category, flat.length / 2]), ...state.lines.map((lines) => [lines.category, lines.seeded])];
  at("assets").hidden = !counts.length;
  at("assets").replaceChildren(make("legend", {}, "Show"), ...counts.map(([category, number]) => make("label", {},
    make("input", { type: "checkbox", "data-category": category, checked: !hidden.has(switchOf(category)), onchange: (event) => {
      if (event.target.checked) hidden.delete(switchOf(category)); else hidden.add(switchOf(category));
      showMap();
    } }), `${kind(category)[1].toLowerCase()} (${whole.format(number)}${exposed.get(category) ? `, ${whole.format(exposed.get(category))} exposed` : ""})`)));
}

/** What the map shows of them, the exposed ones on top. */
function assetMarks(places, x, y) {
  const below = [], above = [];
  const line = (part) => `M${part.map((value, n) => (n % 2 ? y(value) : x(value)).toFixed(1)).join(" ")}`;
  for (const lines of state.lines) {
    const shapes = places.lines[lines.category] || {};
    const red = new Set(exposedLines(lines).map(String)), lost = new Set(lines.lost.map(String));
    const path = (fids) => fids.flatMap((fid) => (shapes[fid] || []).map(line)).join("");
    const rest = hidden.has(switchOf(lines.category)) ? [] : Object.keys(shapes).filter((fid) => !red.has(fid) && !lost.has(fid));
    below.push(make("path", { class: `lines ${lines.category}`, d: path(rest) }));
    if (red.size) above.push(make("path", { class: "lines casing", d: path([...red]) }), make("path", { class: `lines exposed ${lines.category}`, d: path([...red]) }, make("title", {}, `${red.size} exposed ${lines.category}`)));
  }
  for (const [category, flat] of Object.entries(places.points)) {
    if (hidden.has(switchOf(category))) continue;
    let dots = "";
    for (let n = 0; n < flat.length; n += 2) dots += `M${x(flat[n]).toFixed(1)} ${y(flat[n + 1]).toFixed(1)}h0`;
    below.push(make("path", { class: `dots ${category}`, d: dots }));
  }
  const exposed = exposedPoints();
  if (exposed.length > MOST_MARKS) {
    const dots = exposed.map((point) => `M${x(point.lon).toFixed(1)} ${y(point.lat).toFixed(1)}h0`).join("");
    above.push(make("path", { class: "dots casing", d: dots }), make("path", { class: "dots exposed", d: dots }));
  } else above.push(...exposed.map((point) => mark(point, "exposed", x, y, `${kind(point.category)[0]} ${point.name || point.fid}: exposed`)));
  above.push(...state.points.filter((point) => point.category === "gauges").map((point) => mark(point, gaugeLevel(point), x, y, `Gauge ${point.name || point.fid}: ${gaugeWords(point)}`)));
  return [make("g", {}, ...below), make("g", {}, ...above)];
}
function mark(point, look, x, y, title) {
  const lines = [[kind(point.category)[0], name(point.fid)], ...(point.leadTime ? [["Lead time", when(point.leadTime)]] : []), ...valueLines(point)];
  const open = (event) => { event.stopPropagation(); popup(event, point.name || point.fid, point.values ? lines : []); };
  return make("path", { d: kind(point.category)[2], class: `mark ${look}`, "data-x": x(point.lon), "data-y": y(point.lat), tabindex: state.points.length > MOST_STOPS ? null : "0", onclick: open, onkeydown: pressed(open) }, make("title", {}, title));
}
function valueLines(point) {
  if (!point.values) return [];
  if (point.category !== "gauges") return Object.entries(point.values).map(([key, value]) => [key, value ?? "-"]);
  return GAUGE_KEYS.map(([key, words]) => [words, gaugeValue(point, key)]);
}
/** Marks as large on the screen whatever part of the country is shown. */
function scaleMarks(size) {
  for (const one of document.querySelectorAll("#map .mark")) one.setAttribute("transform", `translate(${one.dataset.x} ${one.dataset.y}) scale(${size * 1.35})`);
}
/** Of a gauge: its alert level where one was sent, no alert where only levels were, or that there are no values. */
const gaugeLevel = (point) => !point.values ? "unknown" : `at-${point.values["water-level-alert-level"] in WORDS ? point.values["water-level-alert-level"] : "none"}`;
const gaugeWords = (point) => !point.values ? "no values" : gaugeValue(point, "water-level");
function gaugeValue(point, key) {
  const value = point.values ? point.values[key] : null;
  if (value === null || value === undefined) return "-";
  if (key === "water-level-alert-level") return value in WORDS ? chip(value) : value;
  return Number.isFinite(Number(value)) ? `${levels.format(Number(value))} m` : value;
}

function showAssets() {
  const gauges = state.points.filter((point) => point.category === "gauges");
  const exposed = exposedPoints();
  const parts = trackTable();
  const level = (gauge) => !gauge.values ? make("small", {}, "no values") : gauge.values["water-level-alert-level"] ? gaugeValue(gauge, "water-level-alert-level") : null;
  const amounts = GAUGE_KEYS.slice(0, 3);
  if (gauges.length) parts.push(table([["Gauge", "wide"], ...amounts.map(([, words]) => [words, "n"])],
    gauges.map((gauge) => [make("span", {}, name(gauge.name || gauge.fid), level(gauge)), ...amounts.map(([key]) => gaugeValue(gauge, key))])));
  parts.push(...state.lines.map(lineNote));
  if (exposed.length) {
    const rows = exposed.slice(0, MOST_ROWS).map((point) => [kind(point.category)[0], name(point.name || "-"), name(point.fid), point.leadTime ? when(point.leadTime) : "-"]);
    parts.push(table([["Exposed", "day"], ["Name", "wide"], ["Id", "day"], ["Lead time", "day"]], rows));
    if (exposed.length > MOST_ROWS) parts.push(make("p", { class: "quiet" }, `and ${whole.format(exposed.length - MOST_ROWS)} more.`));
  } else parts.push(empty(`No point is exposed${leadTimeChosen() ? " at this lead time" : ""}.`));
  fill("stations", `(${state.tracks.length ? `${state.tracks.length} track${state.tracks.length === 1 ? "" : "s"}, ` : ""}${gauges.length ? `${gauges.length} gauge${gauges.length === 1 ? "" : "s"}, ` : ""}${whole.format(exposed.length)} exposed)`, make("div", {}, ...parts));
}
/** Of roads or buildings: there is no history of them, the map always draws the newest upload of each lead time. */
function lineNote(lines) {
  const where = Object.entries(lines.exposed).sort(([a], [b]) => hours(a) - hours(b)).map(([leadTime, fids]) => `${whole.format(fids.length)} exposed at ${leadTime}`).join(", ") || "none exposed";
  const lost = lines.lost.length ? ` ${whole.format(lines.lost.length)} of them are drawn no more: they were exposed before the last upload at their lead time, of any country.` : "";
  return make("p", { class: "quiet" }, `${whole.format(lines.seeded)} ${lines.category}: ${where}; as they are now, whatever the block.${lost}`);
}
function assetLegend() {
  const sign = (category, look) => {
    const picture = make("svg", { viewBox: "-9 -9 18 18", class: "sign" });
    picture.append(make("path", { d: kind(category)[2], class: `mark ${look}` }));
    return picture;
  };
  const points = chosen.layers.filter((category) => kind(category)[2] && category !== "gauges");
  const items = points.map((category) => make("li", {}, sign(category, "exposed"), `Exposed ${kind(category)[0].toLowerCase()}`));
  if (chosen.layers.includes("roads")) items.push(make("li", {}, make("i", { class: "stroke" }), "Exposed road or building"));
  if (chosen.layers.includes("gauges")) items.push(make("li", {}, sign("gauges", "at-none"), "Gauge, by alert level"), make("li", {}, sign("gauges", "unknown"), "Gauge without values"));
  return items;
}
