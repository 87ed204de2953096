"use strict";
const LEVELS = [
  ["trigger", "Trigger"], ["warning", "High warning"], ["warning-medium", "Medium warning"],
  ["warning-low", "Low warning"], ["none", "No alert"],
];
const WORDS = Object.fromEntries(LEVELS);
const RANK = Object.fromEntries(LEVELS.map(([level], n) => [level, n]));
const CLASSES = { no: "no alert", min: "low warning", med: "medium warning", max: "trigger", unknown: "no values" };
const KEYS = [["forecastLevel", "Forecast level"], ["triggerLevel", "Trigger level"],
  ["forecastReturnPeriod", "Forecast return period"], ["eapAlertClass", "Alert class"]];
const SVG = "http://www.w3.org/2000/svg";
const REFRESH_MILLISECONDS = 10000;

const at = (id) => document.getElementById(id);
let countries = [];
let chosen = null;      // the country of the selector
let state = null;       // what is shown
let shownText = "";     // the state as it came, to see whether anything changed
const outlines = new Map();
const pictures = new Map();
const switched = new Set();  // extents that are on

/** An element with text and children; text is never taken for HTML. */
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "g", "circle", "image", "title", "text"].includes(tag);
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined).map((child) => child instanceof Node ? child : document.createTextNode(String(child))));
  return element;
}

async function load(path, query = {}) {
  const answer = await fetch(`page/${path}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: 1 });
const amount = (number) => chosen.share ? percent.format(number) : whole.format(number);
const isBlock = (day) => day.length === 16;  // 2026-11-20T06:00, where a day has four of them
function weekday(moment) {
  if (!moment) return "-";
  const day = new Date(moment.length === 10 ? `${moment}T00:00:00Z` : isBlock(moment) ? `${moment}:00Z` : moment);
  const name = day.toLocaleDateString("en-GB", { weekday: "short", timeZone: "UTC" });
  return `${name} ${day.toISOString().slice(0, 10)}`;
}
/** A day; of a hazard with several blocks a day also the time, on the country's clocks. */
const timed = (moment) => moment && chosen.blocks;
function local(moment) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", { timeZone: chosen.zone, weekday: "short", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    .formatToParts(new Date(isBlock(moment) ? `${moment}:00Z` : moment)).map(({ type, value }) => [type, value]));
  return { day: `${parts.weekday} ${parts.year}-${parts.month}-${parts.day}`, clock: `${parts.hour}:${parts.minute} ${chosen.zoneWord}` };
}
const onDay = (moment) => timed(moment) ? `${local(moment).day}, ${local(moment).clock}` : weekday(moment);
const stacked = (moment) => make("span", {}, timed(moment) ? local(moment).day : weekday(moment), timed(moment) ? make("small", {}, local(moment).clock) : null);
/** "people affected" -> "People" */
const measured = () => `${chosen.measure[0].toUpperCase()}${chosen.measure.slice(1)}`.split(" ")[0];
function leadDay(leadTime) {
  if (!leadTime) return null;
  const [size, unit] = leadTime.split("-");
  const hours = { day: 24, hour: 1 }[unit];
  if (!hours || !state.moment) return null;
  const moment = new Date(Date.parse(state.moment) + Number(size) * hours * 3600000).toISOString();
  return unit === "day" ? weekday(moment) : `${local(moment).day}, ${local(moment).clock}`;
}
const chip = (level) => make("span", { class: "chip" }, make("i", { class: `bg-${level}` }), WORDS[level] || level);
const name = (text) => make("bdi", {}, text);
function when(leadTime) {
  if (!leadTime) return make("span", {}, "-");
  const day = leadDay(leadTime);
  const parts = day ? day.split(", ").flatMap((part, n) => [n ? ", " : null, make("span", { class: "whole" }, part)]) : [];
  return make("span", {}, leadTime, day ? make("small", {}, ...parts) : null);
}
function table(heads, rows) {
  const head = make("tr", {}, ...heads.map(([text, kind]) => make("th", { class: kind, scope: "col" }, text)));
  const lines = rows.map((cells) => make("tr", {}, ...cells.map((cell, n) => make("td", { class: heads[n][1] }, cell))));
  return make("table", { class: "list" }, make("thead", {}, head), make("tbody", {}, ...lines));
}
function fill(id, count, content) {
  at(`${id}-count`).textContent = count;
  at(id).replaceChildren(content);
}
const empty = (text) => make("p", { class: "empty" }, text);

function showSummary() {
  const line = at("summary");
  const of = (level) => state.events.filter((event) => event.level === level).length;
  const counts = LEVELS.slice(0, 4).map(([level, words]) => [of(level), words.toLowerCase()]).filter(([n]) => n);
  const notes = [];
  let text;
  if (!state.moment) text = `${chosen.name}: nothing was uploaded yet.`;
  else if (!state.events.length) text = `${chosen.name}, ${onDay(state.moment)}: no alert.`;
  else {
    const list = counts.map(([n, words]) => `${n} ${words}${n > 1 ? "s" : ""}`).join(", ");
    const triggered = state.events.filter((event) => event.level === "trigger").map((event) => event.people);
    const people = chosen.share ? `up to ${percent.format(Math.max(...triggered))} of` : whole.format(triggered.reduce((sum, one) => sum + one, 0));
    text = `${chosen.name}, ${onDay(state.moment)}: ${list}${of("trigger") ? `; ${people} ${chosen.measure} in triggered events` : ""}.`;
  }
  if (state.moment) notes.push(`Upload of ${state.moment.replace("T", " ").replace(".000Z", " UTC").replace("Z", " UTC")}.`);
  if (state.unprocessed) notes.push(`${state.unprocessed} uploaded event${state.unprocessed > 1 ? "s are" : " is"} not visible yet: nothing shows before events are processed.`);
  if (!state.newest) notes.push(`An earlier ${chosen.blocks ? "block" : "day"}, read back from what was uploaded for it.`);
  line.replaceChildren(text, notes.length ? make("span", { class: "note" }, notes.join(" ")) : "");
}

function showEvents() {
  if (!state.events.length) return fill("events", "", empty(state.moment ? "No active event." : "Nothing was uploaded yet."));
  const heads = [["Event", "wide"], ["First lead time", "day"], ["First trigger", "day"], [measured(), "n"], ["First issued", "day"]];
  const rows = state.events.map((event) => [
    make("span", { title: event.name === event.shown ? null : `sent as ${event.name}` }, chip(event.level), make("strong", {}, name(event.shown)),
      event.setBy ? make("small", {}, `trigger set by ${event.setBy}`) : null),
    when(event.firstLeadTime), event.firstTriggerLeadTime === event.firstLeadTime && chosen.blocks ? event.firstLeadTime : when(event.firstTriggerLeadTime),
    make("span", {}, `${chosen.share ? "up to " : ""}${amount(event.people)}`, make("small", {}, `${event.areas} area${event.areas === 1 ? "" : "s"}`)), stacked(event.firstIssued),
  ]);
  fill("events", `(${state.events.length})`, table(heads, rows));
}

/** A class, or that nothing was sent for the station, which is not an all clear. */
function stationKind(station) {
  if (!station.values) return "unknown";
  const kind = station.values.eapAlertClass;
  return kind in CLASSES ? kind : "no";
}
function showStations() {
  at("stations-section").querySelector("h2").firstChild.textContent = chosen.tracks ? "Tracks and assets " : !chosen.layers.length ? "Stations " : chosen.layers.includes("gauges") ? "Gauges and assets " : "Assets ";
  at("stations").classList.toggle("assets", chosen.layers.length > 0);
  if (chosen.layers.length) return showAssets();
  if (!state.stations.length) return fill("stations", "", empty("This country has no stations."));
  const order = { max: 0, med: 1, min: 2, no: 3, unknown: 3 };
  const sorted = [...state.stations].sort((a, b) => order[stationKind(a)] - order[stationKind(b)] || a.code.localeCompare(b.code));
  const heads = [["Code", "day"], ["Name", "wide"], ["Class", "day"], ["Forecast", "n"], ["Trigger level", "n"], ["Return period", "n"]];
  const value = (station, key) => station.values && station.values[key] !== null && station.values[key] !== undefined ? station.values[key] : "-";
  const rows = sorted.map((station) => [name(station.code), name(station.name), value(station, "eapAlertClass"),
    value(station, "forecastLevel"), value(station, "triggerLevel"), value(station, "forecastReturnPeriod")]);
  fill("stations", `(${state.stations.length})`, table(heads, rows));
}

function showMails() {
  if (!state.mails.length) return fill("mails", "", empty("No mail."));
  const heads = [["Upload", "day"], ["Subject", "wide"], ["Readers", "n"], ["", "day"]];
  const rows = state.mails.map((mail) => [stacked(mail.moment), make("span", {}, mail.subject, make("bdi", { class: "brief quiet", title: mail.events.join(", ") }, mail.events.join(", "))), mail.recipients,
    make("button", { type: "button", onclick: () => openMail(mail) }, "Open")]);
  fill("mails", `(${state.mails.length})`, table(heads, rows));
}
function openMail(mail) {
  at("mail-title").textContent = mail.subject;
  at("mail-frame").setAttribute("srcdoc", mail.html);
  at("mail-dialog").showModal();
}

function showLog() {
  if (!state.log.length) return fill("log", "", empty("No event area yet."));
  const heads = [["First issued", "day"], ["Event", "wide"], ["Area", "wide"], [measured(), "n"], ["State", "day"]];
  const rows = state.log.map((entry) => [stacked(entry.firstIssuedDate), make("span", {}, chip(entry.alertLevel), name(entry.eventName)), name(entry.name),
    entry.exposureValue === null ? "-" : amount(entry.exposureValue),
    entry.closed ? make("span", {}, "closed", make("small", {}, `last ${timed(entry.endDate) ? local(entry.endDate).day : weekday(entry.endDate)}`), timed(entry.endDate) ? make("small", {}, local(entry.endDate).clock) : null) : "open"]);
  fill("log", `(${state.log.length} areas)`, table(heads, rows));
}

function areaLevel(code) {
  const covers = state.areas[code] || [];
  return covers.reduce((best, cover) => RANK[cover.level] < RANK[best] ? cover.level : best, "none");
}
function popup(event, title, lines, station = "") {
  const box = at("popup");
  const rows = lines.map(([left, right]) => make("tr", {}, make("td", {}, left), make("td", {}, right)));
  box.replaceChildren(make("button", { type: "button", class: "shut", "aria-label": "Close", onclick: () => { box.hidden = true; } }, "\u00d7"),
    make("h3", {}, name(title)), rows.length ? make("table", {}, make("tbody", {}, ...rows)) : make("p", { class: "empty" }, "No values in this period."));
  box.dataset.station = station;
  box.hidden = false;
  place(event);
}
function place(event) {
  const box = at("popup");
  const frame = at("map-frame").getBoundingClientRect();
  const spot = event.target.getBoundingClientRect();
  const x = (event.clientX || spot.x + spot.width / 2) - frame.x;
  const y = (event.clientY || spot.y + spot.height / 2) - frame.y;
  box.style.left = `${Math.max(0, Math.min(x + 10, frame.width - box.offsetWidth - 4))}px`;
  box.style.top = `${Math.max(0, Math.min(y + 10, frame.height - box.offsetHeight - 4))}px`;
}
/** The forecast behind a station, drawn from the run of this country and day; a click shows it large. */
async function addHydrograph(event, station) {
  if (!state.moment) return;
  const day = state.moment.slice(0, 10);
  const shown = state;
  const { picture, problem } = JSON.parse(await load("hydrograph", { iso3: chosen.iso3, day, station: station.code }));
  const box = at("popup");
  if (shown !== state || box.hidden || box.dataset.station !== station.code) return;
  const source = `data:image/svg+xml;base64,${picture}`;
  const title = `Hydrograph of ${station.code}, forecast of ${weekday(day)}`;
  box.append(picture ? make("button", { type: "button", class: "picture", title: "Show it large", onclick: () => openPicture(title, source) }, make("img", { src: source, alt: title })) : make("p", { class: "quiet" }, `Hydrograph: ${problem}.`));
  place(event);
}
function openPicture(title, source) {
  at("picture-title").textContent = title;
  at("picture").setAttribute("src", source);
  at("picture").setAttribute("alt", title);
  at("picture-dialog").showModal();
}
function areaLines(area) {
  const covers = state.areas[area.code] || [];
  const lines = [["Code", name(area.code)]];
  if (area.parent) lines.push(["In", name(area.parent)]);
  if (!covers.length) lines.push(["Alert", "none"]);
  for (const cover of covers) lines.push([make("span", {}, name(cover.event), make("br"), chip(cover.level)), `${cover.people === null ? "-" : amount(cover.people)} ${chosen.measure.split(" ")[0]}`]);
  return lines;
}
const pressed = (action) => (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); action(event); } };

async function showMap() {
  const level = Number(at("level").value);
  const key = `${chosen.iso3}/${level}`;
  if (!outlines.has(key)) outlines.set(key, JSON.parse(await load("areas", { iso3: chosen.iso3, level })));
  const { frame, areas } = outlines.get(key);
  const places = await loadPlaces();
  showSwitches(places);
  const map = at("map");
  at("popup").hidden = true;
  if (!frame) return map.replaceChildren();
  const margin = 22;
  const box = viewOf(frame, margin);
  map.setAttribute("viewBox", box.join(" "));
  const x = (lon) => (lon - frame.west) * frame.x;
  const y = (lat) => (frame.north - lat) * frame.y;
  const sorted = [...areas].sort((a, b) => RANK[areaLevel(b.code)] - RANK[areaLevel(a.code)]);
  const paths = sorted.map((area) => {
    const alert = areaLevel(area.code);
    const open = (event) => popup(event, area.name, areaLines(area));
    return make("path", { d: area.path, class: `area ${alert === "none" ? "" : "alert"} fill-${alert}`, "data-at": isAtLeadTime(area.code) ? "chosen" : null, tabindex: alert === "none" ? null : "0", onclick: open, onkeydown: pressed(open) },
      make("title", {}, `${area.name}: ${WORDS[alert].toLowerCase()}`));
  });
  const wet = [];
  for (const leadTime of switched) {
    const picture = await extent(leadTime);
    if (!picture.picture) continue;
    const { west, south, east, north } = picture.bounds;
    wet.push(make("image", { href: `data:image/png;base64,${picture.picture}`, x: x(west), y: y(north), width: x(east) - x(west), height: y(south) - y(north), preserveAspectRatio: "none" }));
  }
  const size = Math.max(...box.slice(2)) / 1044;
  const dots = state.stations.map((station) => {
    const kind = stationKind(station);
    const lines = station.values ? [["Code", name(station.code)], ...KEYS.map(([key, words]) => [words, station.values[key] ?? "-"])] : [];
    const open = (event) => { event.stopPropagation(); popup(event, station.name || station.code, lines, station.code); addHydrograph(event, station).catch(() => {}); };
    const spot = { cx: x(station.lon), cy: y(station.lat), r: (["no", "unknown"].includes(kind) ? 6 : 9) * size };
    return make("g", {}, make("circle", { ...spot, class: "halo" }),
      make("circle", { ...spot, class: `station ${kind}`, tabindex: "0", onclick: open, onkeydown: pressed(open) }, make("title", {}, `${station.name} (${station.code}): ${CLASSES[kind]}`)));
  });
  const shapes = make("g", {}, ...paths);
  const [below, above] = assetMarks(places, x, y);
  map.replaceChildren(shapes, make("g", {}, ...wet), below, above, make("g", {}, ...dots), trackMarks(frame, x, y));
  scaleHatches(size);
  scaleMarks(size);
  if (at("zoom").checked) zoomToAlerts(map, shapes, margin);
  await noteExtents();
}

/** Hatches as fine on the screen whatever part of the country is shown. */
function scaleHatches(size) {
  for (const pattern of document.querySelectorAll("#hatches pattern")) pattern.setAttribute("patternTransform", `scale(${size})`);
}
function zoomToAlerts(map, shapes, margin) {
  const boxes = [...shapes.querySelectorAll(leadTimeChosen() && shapes.querySelector(".alert[data-at]") ? ".alert[data-at]" : ".alert")].map((path) => path.getBBox());
  if (!boxes.length) return;
  const left = Math.min(...boxes.map((box) => box.x)), top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width)), bottom = Math.max(...boxes.map((box) => box.y + box.height));
  const around = Math.max(margin, (right - left) * 0.15, (bottom - top) * 0.15);
  map.setAttribute("viewBox", `${left - around} ${top - around} ${right - left + 2 * around} ${bottom - top + 2 * around}`);
  const size = Math.max(right - left + 2 * around, bottom - top + 2 * around) / 1000;
  scaleHatches(size);
  scaleMarks(size);
  for (const circle of map.querySelectorAll("circle")) circle.setAttribute("r", circle.getAttribute("r") * size);
}

async function extent(leadTime) {
  const key = `${chosen.iso3}/${chosen.disaster}/${leadTime}`;
  if (!pictures.has(key)) pictures.set(key, JSON.parse(await load("extent", { iso3: chosen.iso3, disaster: chosen.disaster, leadTime })));
  return pictures.get(key);
}
async function noteExtents() {
  const notes = [];
  for (const leadTime of switched) {
    const picture = await extent(leadTime);
    if (picture.problem) notes.push(`${leadTime}: ${picture.problem}.`);
    else if (!picture.wet) notes.push(`${leadTime}: the uploaded extent is dry.`);
  }
  if (switched.size && !state.newest) notes.push("Extents are those of the last upload: each one replaces the one before.");
  at("extent-note").textContent = notes.join(" ");
}
function showExtents() {
  const box = at("extents");
  const legend = box.querySelector("legend");
  legend.textContent = chosen.raster;
  box.hidden = chosen.tracks && !state.extents.length;
  const toggles = state.extents.map((leadTime) => make("label", {}, make("input", { type: "checkbox", checked: switched.has(leadTime), onchange: (event) => {
    if (event.target.checked) switched.add(leadTime); else switched.delete(leadTime);
    showMap();
  } }), leadTime));
  box.replaceChildren(legend, ...(toggles.length ? toggles : [make("span", { class: "quiet" }, "none uploaded")]));
}
function showLegend() {
  const dot = (kind, text) => make("li", {}, make("i", { class: `dot bg-${kind}` }), text);
  at("legend").replaceChildren(...LEVELS.map(([level, words]) => make("li", {}, make("i", { class: `bg-${level}` }), words)),
    ...(chosen && chosen.tracks ? [] : [make("li", {}, make("i", { style: "background:linear-gradient(90deg,#73bef0,#08306b)" }), "Flood depth 0 to 3 m")]),
    ...(chosen && chosen.layers.length ? assetLegend() : [dot("none", "Station")]), ...(chosen && chosen.tracks ? trackLegend() : []));
}

/** Begin with the first triggered event's extent: the only ones that can be wet. */
function firstExtent() {
  switched.clear();
  const first = state.events.map((event) => event.firstTriggerLeadTime).find((leadTime) => leadTime && state.extents.includes(leadTime));
  if (first && state.newest) switched.add(first);
}

async function showState(keepExtents) {
  const day = at("day").value;
  const text = await load("state", { iso3: chosen.iso3, disaster: chosen.disaster, ...(day ? { day } : {}) });
  if (keepExtents && text === shownText) return;
  shownText = text;
  state = JSON.parse(text);
  pictures.clear();
  if (!keepExtents) firstExtent();
  showLegend(); showSummary(); showLeadTimes(); showEvents(); showStations(); showMails(); showLog(); showExtents();
  await showMap();
  document.body.dataset.ready = "yes";
}
function showDays(wanted) {
  const days = chosen.days;
  at("day").replaceChildren(...(days.length ? days.map((day) => make("option", { value: day, selected: day === wanted }, isBlock(day) ? `${weekday(day)}, ${day.slice(11)} UTC` : weekday(day))) : [make("option", { value: "" }, "no upload yet")]));
  const index = days.indexOf(at("day").value);
  at("later").disabled = index <= 0;
  at("earlier").disabled = index < 0 || index === days.length - 1;
}
function choose(iso3, disaster, day) {
  chosen = countries.find((country) => country.iso3 === iso3 && country.disaster === disaster) || countries.find((country) => country.days.length) || countries[0];
  at("country").value = `${chosen.iso3}/${chosen.disaster}`;
  at("level").replaceChildren(...chosen.levels.map((level) => make("option", { value: level, selected: level === chosen.defaultLevel }, level === chosen.defaultLevel ? `${level} (events)` : level)));
  at("day-word").textContent = chosen.blocks ? "Block" : "Day";
  for (const [id, words] of [["earlier", "Earlier"], ["later", "Later"]]) {
    const text = `${words} ${chosen.blocks ? "block" : "day"}`;
    at(id).title = text;
    at(id).setAttribute("aria-label", text);
  }
  showDays(day);
}
function remember() {
  history.replaceState(null, "", `#${chosen.iso3}/${chosen.disaster}/${at("day").value}`);
}
async function loadCountries() {
  countries = JSON.parse(await load("countries")).countries;
  at("country").replaceChildren(...countries.map((country) => make("option", { value: `${country.iso3}/${country.disaster}` }, `${country.name} - ${country.disaster}`)));
}
async function start() {
  showLegend();
  await loadCountries();
  if (!countries.length) { at("summary").textContent = "No country is known to this sandbox."; document.body.dataset.ready = "yes"; return; }
  const [iso3, disaster, day] = decodeURIComponent(location.hash.slice(1)).split("/");
  choose(iso3, disaster, day);
  await showState(false);
}
async function refresh() {
  if (!chosen) return start();
  const newestShown = !chosen.days.length || at("day").value === chosen.days[0];
  const { iso3, disaster } = chosen;
  const level = at("level").value;
  const day = at("day").value;
  await loadCountries();
  choose(iso3, disaster, newestShown ? undefined : day);
  at("level").value = level;
  await showState(true);
}
function move(steps) {
  const days = chosen.days;
  const index = days.indexOf(at("day").value) + steps;
  if (index >= 0 && index < days.length) { showDays(days[index]); remember(); showState(false); }
}
at("country").addEventListener("change", (event) => { const [iso3, disaster] = event.target.value.split("/"); choose(iso3, disaster); remember(); showState(false); });
at("day").addEventListener("change", (event) => { showDays(event.target.value); remember(); showState(false); });
at("level").addEventListener("change", showMap);
at("at").addEventListener("change", () => { showStations(); showMap(); });
at("zoom").addEventListener("change", showMap);
at("earlier").addEventListener("click", () => move(1));
at("later").addEventListener("click", () => move(-1));
at("refresh").addEventListener("click", refresh);
at("picture-close").addEventListener("click", () => at("picture-dialog").close());
at("mail-close").addEventListener("click", () => at("mail-dialog").close());
document.addEventListener("keydown", (event) => { if (event.key === "Escape") at("popup").hidden = true; });
setInterval(() => { if (!document.hidden && !at("mail-dialog").open) refresh().catch(() => { at("summary").textContent = "The sandbox does not answer."; }); }, REFRESH_MILLISECONDS);
