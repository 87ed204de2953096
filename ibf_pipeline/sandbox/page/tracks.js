// Tracks of storms: a line with a point every six hours, coloured by category; a star at landfall, a diamond at the closest point.
const CATEGORIES = [["TD", "below 62 km/h"], ["TS", "from 62"], ["STS", "from 89"], ["TY", "from 118"], ["STY", "from 185 km/h"]];
const DOT = "M-4 0A4 4 0 0 1 4 0A4 4 0 0 1-4 0Z", STAR = "M0-10 2.6-3.4 9.5-3.1 4.2 1.3 6 8 0 4.2-6 8-4.2 1.3-9.5-3.1-2.6-3.4Z", DIAMOND = "M0-8 6 0 0 8-6 0Z";
const AROUND = 0.6;  // of the country's width or height; so far out a track is shown
const landing = (point) => point.firstLandfall ? "landfall" : point.closestToLand ? "closest to land" : "";
const sign = (point) => point.firstLandfall ? STAR : point.closestToLand ? DIAMOND : DOT;
const blockStart = () => state.moment ? Math.floor(Date.parse(state.moment) / 21600000) * 21600000 : 0;
const isPast = (point) => Date.parse(point.timestampOfTrackpoint) < blockStart();

/** Longitudes run on beyond 180 degrees, on the side of the country. */
function placesOf(track, frame) {
  const middle = frame.west + frame.width / frame.x / 2;
  let before = middle;
  return track.points.map((point) => {
    const lon = point.lon + 360 * Math.round((before - point.lon) / 360);
    before = lon;
    return { ...point, lon };
  });
}
/** The country, and of its tracks what lies near it. */
function viewOf(frame, margin) {
  let [left, top, right, bottom] = [0, 0, frame.width, frame.height];
  const near = (value, size) => Math.min(Math.max(value, -AROUND * size), (1 + AROUND) * size);
  for (const point of state.tracks.flatMap((track) => placesOf(track, frame))) {
    const x = near((point.lon - frame.west) * frame.x, frame.width), y = near((frame.north - point.lat) * frame.y, frame.height);
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  return [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin];
}
function trackMarks(frame, x, y) {
  const parts = state.tracks.map((track) => {
    const points = placesOf(track, frame);
    const line = (some) => some.length < 2 ? "" : `M${some.map((point) => `${x(point.lon).toFixed(1)} ${y(point.lat).toFixed(1)}`).join("L")}`;
    const now = points.filter(isPast).length;
    const lines = [["track past", line(points.slice(0, now + 1))], ["track", line(points.slice(now))]].filter(([, d]) => d);
    const marks = points.map((point) => {
      const title = `${track.event}, ${onDay(point.timestampOfTrackpoint)}: ${point.windspeed} km/h ${point.category}${landing(point) ? `, ${landing(point)}` : ""}`;
      const rows = [["Storm", name(track.event)], ["Time", onDay(point.timestampOfTrackpoint)], ["Wind", `${point.windspeed} km/h`], ["Category", point.category], ...(landing(point) ? [["", landing(point)]] : [])];
      const open = (event) => { event.stopPropagation(); popup(event, track.event, rows); };
      return make("path", { d: sign(point), class: `mark ${landing(point) ? "land " : ""}${point.category}`, "data-x": x(point.lon), "data-y": y(point.lat), tabindex: landing(point) ? "0" : null, onclick: open, onkeydown: pressed(open) }, make("title", {}, title));
    });
    const label = labelOf(track, points, frame, x, y);
    return make("g", { class: "storm" }, ...lines.map(([, d]) => make("path", { class: "track casing", d })), ...lines.map(([look, d]) => make("path", { class: look, d })), ...marks, label);
  });
  return make("g", {}, ...parts);
}
/** A storm's name at its landfall or closest point, or else in the middle of what the map shows of its track. */
function labelOf(track, points, frame, x, y) {
  const [left, top, width, height] = viewOf(frame, 0);
  const shown = points.filter((point) => x(point.lon) >= left && x(point.lon) <= left + width && y(point.lat) >= top && y(point.lat) <= top + height);
  const spot = shown.find(landing) || shown[Math.floor(shown.length / 2)];
  if (!spot) return null;
  const onTheRight = x(spot.lon) > left + width / 2;
  return make("text", { class: "mark name", x: onTheRight ? -9 : 9, y: -10, "text-anchor": onTheRight ? "end" : "start", "data-x": x(spot.lon), "data-y": y(spot.lat) }, track.event);
}
function trackTable() {
  if (!state.tracks.length) return chosen.tracks ? [empty("No track in this block.")] : [];
  const rows = state.tracks.map((track) => {
    const marked = track.points.find(landing), strongest = track.points.reduce((best, point) => point.windspeed > best.windspeed ? point : best, track.points[0]);
    return [name(track.event), String(track.points.length), `${strongest.windspeed} km/h ${strongest.category}`, marked ? make("span", {}, onDay(marked.timestampOfTrackpoint), make("small", {}, landing(marked))) : "-"];
  });
  return [table([["Track", "wide"], ["Points", "n"], ["Strongest", "day"], ["At land", "day"]], rows)];
}
function trackLegend() {
  const item = (d, look, words) => {
    const picture = make("svg", { viewBox: "-11 -11 22 22", class: "sign" });
    picture.append(make("path", { d, class: `mark ${look}` }));
    return make("li", {}, picture, words);
  };
  return [...CATEGORIES.map(([category, words]) => item(DOT, category, `${category} ${words}`)), item(STAR, "land", "Landfall"), item(DIAMOND, "land", "Closest to land")];
}
