CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS country (iso3 TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS without_time_zone (iso3 TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS clock (iso3 TEXT PRIMARY KEY, zone TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS country_disaster (
    iso3 TEXT NOT NULL REFERENCES country, disaster TEXT NOT NULL, levels TEXT NOT NULL,
    default_level INTEGER NOT NULL, indicators TEXT NOT NULL, map_image INTEGER NOT NULL,
    PRIMARY KEY (iso3, disaster)
);
CREATE TABLE IF NOT EXISTS admin_area (
    place_code TEXT PRIMARY KEY, iso3 TEXT NOT NULL, level INTEGER NOT NULL, name TEXT NOT NULL,
    parent_code TEXT, parent_name TEXT, population REAL, geometry TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS admin_area_level ON admin_area (iso3, level);
CREATE TABLE IF NOT EXISTS point (
    id TEXT PRIMARY KEY, iso3 TEXT NOT NULL, category TEXT NOT NULL, fid TEXT NOT NULL,
    code TEXT NOT NULL, name TEXT NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS point_fid ON point (fid, category);
CREATE TABLE IF NOT EXISTS exposure (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, disaster TEXT NOT NULL, indicator TEXT NOT NULL,
    level REAL NOT NULL, event TEXT, place_code TEXT NOT NULL, lead_time TEXT NOT NULL,
    day TEXT NOT NULL, moment TEXT NOT NULL, received INTEGER NOT NULL, value REAL
);
CREATE INDEX IF NOT EXISTS exposure_moment ON exposure (iso3, disaster, moment);
CREATE INDEX IF NOT EXISTS exposure_replace ON exposure (iso3, disaster, indicator, level, moment);
CREATE INDEX IF NOT EXISTS exposure_join ON exposure (place_code, moment, indicator);
CREATE INDEX IF NOT EXISTS exposure_event ON exposure (event, disaster, moment);
CREATE TABLE IF NOT EXISTS lead_time_alert (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, disaster TEXT NOT NULL, event TEXT,
    lead_time TEXT NOT NULL, day TEXT NOT NULL, moment TEXT NOT NULL, received INTEGER NOT NULL,
    alert INTEGER NOT NULL, trigger INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS lead_time_alert_moment ON lead_time_alert (iso3, disaster, moment);
CREATE TABLE IF NOT EXISTS event_area (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, place_code TEXT, disaster TEXT NOT NULL,
    event TEXT, severity REAL, trigger INTEGER NOT NULL, exposure REAL, first_issued TEXT NOT NULL,
    end_date TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0, user_trigger INTEGER NOT NULL DEFAULT 0,
    user_trigger_date TEXT, user_trigger_name TEXT
);
CREATE INDEX IF NOT EXISTS event_area_place ON event_area (place_code, disaster, closed);
CREATE TABLE IF NOT EXISTS early_action_status (
    id INTEGER PRIMARY KEY, event_area_id TEXT REFERENCES event_area (id) ON DELETE CASCADE,
    action TEXT NOT NULL, place_code TEXT NOT NULL, checked INTEGER NOT NULL, moment TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS point_value (
    id INTEGER PRIMARY KEY, point_id TEXT NOT NULL, key TEXT NOT NULL, lead_time TEXT,
    moment TEXT NOT NULL, received INTEGER NOT NULL, value TEXT
);
CREATE INDEX IF NOT EXISTS point_value_point ON point_value (point_id, moment);
CREATE TABLE IF NOT EXISTS typhoon_track (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, event TEXT NOT NULL, lead_time TEXT NOT NULL,
    moment TEXT NOT NULL, point TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS map_image (
    iso3 TEXT NOT NULL, disaster TEXT NOT NULL, event TEXT NOT NULL, image BLOB NOT NULL,
    PRIMARY KEY (iso3, disaster, event)
);
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, moment TEXT, iso3 TEXT NOT NULL, disaster TEXT NOT NULL,
    subject TEXT NOT NULL, recipients INTEGER NOT NULL, events TEXT NOT NULL, html TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS further_disaster (name TEXT PRIMARY KEY, words TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS point_properties (point_id TEXT PRIMARY KEY, properties TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS line (
    iso3 TEXT NOT NULL, category TEXT NOT NULL, fid INTEGER NOT NULL, PRIMARY KEY (iso3, category, fid)
);
CREATE TABLE IF NOT EXISTS line_shape (
    iso3 TEXT NOT NULL, category TEXT NOT NULL, fid INTEGER NOT NULL, shape TEXT NOT NULL,
    PRIMARY KEY (iso3, category, fid)
);
CREATE TABLE IF NOT EXISTS line_status (
    id INTEGER PRIMARY KEY, iso3 TEXT NOT NULL, category TEXT NOT NULL, fid INTEGER NOT NULL,
    lead_time TEXT NOT NULL, moment TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS line_status_line ON line_status (category, iso3, fid, lead_time);
