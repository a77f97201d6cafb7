//! Scenarios from TOML and back.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{Source, did_you_mean, listed};
use super::{CHECKPOINT_EVERY, Entry, RegionBox, Registry, SPLIT_AT_MOST, Scenario, ScenarioError};
use crate::route::{Edge, Rim};

/// The settings of a whole scenario.
pub const SETTINGS: [&str; 9] = [
    "title",
    "years",
    "step",
    "threads",
    "sea-level",
    "checkpoint-every",
    "split-at-most",
    "edges",
    "process",
];
/// The settings that any process may have.
pub const OF_ANY_PROCESS: [&str; 5] = ["name", "step", "every", "region", "region-edges"];
const SIDES: [&str; 4] = ["west", "east", "south", "north"];
const EDGES: [(&str, Edge); 3] =
    [("fixed", Edge::Fixed), ("closed", Edge::Closed), ("periodic", Edge::Looped)];

/// Settings of the whole scenario that serde can read.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    title: Option<String>,
    years: Option<f64>,
    step: Option<f64>,
    threads: Option<usize>,
    sea_level: Option<f64>,
    checkpoint_every: Option<u64>,
    split_at_most: Option<u64>,
}

/// What any process may say.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Common {
    step: Option<f64>,
    every: Option<u64>,
}

/// The sentence about a name that no process has.
pub(super) fn unknown(registry: &Registry, name: &str) -> String {
    let names = || registry.kinds().iter().map(super::Kind::name);
    format!("there is no process `{name}`; {}there are {}", did_you_mean(name, names()), listed(names()))
}

struct Reader<'a> {
    registry: &'a Registry,
    source: Source,
}

type Table<'i> = DeTable<'i>;
type Key<'i> = Spanned<DeString<'i>>;
type Result<T> = std::result::Result<T, ScenarioError>;

pub(super) fn read(registry: &Registry, file: &str, text: &str) -> Result<Scenario> {
    let source = Source { file: file.to_owned(), text: text.into() };
    let reader = Reader { registry, source };
    let whole = 0..0;
    let table = DeTable::parse(text).map_err(|e| reader.source.toml(&e, whole.clone()))?;
    let mut table = spelled(table.get_ref(), &SETTINGS);
    reader.known(&table, &SETTINGS, "")?;
    let edges = table.remove("edges").map(|value| reader.edges(&value)).transpose()?;
    let list = table.remove("process");
    let missing = "A process is `[[process]]` on a line of its own and `name = \"…\"` below it.";
    let processes = match list.as_ref().map(|list| (list.span(), list.get_ref())) {
        None => {
            return Err(reader.source.fault(
                whole,
                "there is no `[[process]]`: nothing would happen",
                missing,
            ));
        }
        Some((span, DeValue::Array(list))) if list.is_empty() => {
            return Err(reader.source.fault(
                span,
                "the list of processes is empty: nothing would happen",
                missing,
            ));
        }
        Some((_, DeValue::Array(list))) => {
            list.iter().map(|entry| reader.entry(entry)).collect::<Result<Vec<_>>>()?
        }
        Some((span, other)) => {
            let message = format!("`process` is a {}, not a list of tables", other.type_str());
            return Err(reader.source.fault(span, message, missing));
        }
    };
    let settings: Settings = reader.settings(table, whole)?;
    Ok(Scenario {
        title: settings.title.unwrap_or_default(),
        years: settings.years,
        step: settings.step,
        threads: settings.threads.unwrap_or(0),
        sea_level: settings.sea_level,
        checkpoint_every: settings.checkpoint_every.unwrap_or(CHECKPOINT_EVERY),
        split_at_most: settings.split_at_most.unwrap_or(SPLIT_AT_MOST),
        edges,
        processes,
        source: Some(reader.source),
    })
}

/// Whether two names are the same but for `-` and `_`.
pub(super) fn alike(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes().zip(b.bytes()).all(|(a, b)| a == b || (b"-_".contains(&a) && b"-_".contains(&b)))
}

/// The same with keys written as those who know them do.
fn spelled<'i>(table: &Table<'i>, known: &[&str]) -> Table<'i> {
    let spell = |key: &Key<'i>| match known.iter().find(|known| alike(known, key.get_ref())) {
        // Both ways at once: the reader of the table finds a key it does not know.
        Some(known) if !table.contains_key(*known) => Spanned::new(key.span(), (*known).to_owned().into()),
        _ => key.clone(),
    };
    table.iter().map(|(key, value)| (spell(key), value.clone())).collect()
}

impl Reader<'_> {
    /// Refuses keys that nobody knows.
    fn known(&self, table: &Table<'_>, known: &[&str], of: &str) -> Result<()> {
        let Some(key) = table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let name = key.get_ref();
        let help = format!(
            "{}Possible here: {}.",
            did_you_mean(name, known.iter().copied()),
            listed(known.iter().copied())
        );
        let help = match help.strip_prefix("did") {
            Some(rest) => format!("Did{rest}"),
            None => help,
        };
        Err(self.source.fault(key.span(), format!("{of}unknown key `{name}`"), help))
    }

    fn settings<'i, T: Deserialize<'i>>(&self, table: Table<'i>, span: Range<usize>) -> Result<T> {
        T::deserialize(toml::Deserializer::from(Spanned::new(span.clone(), table)))
            .map_err(|error| self.source.toml(&error, span))
    }

    fn entry(&self, entry: &Spanned<DeValue<'_>>) -> Result<Entry> {
        let Some(table) = entry.get_ref().as_table() else {
            let message = format!("a process is a table, not a {}", entry.get_ref().type_str());
            return Err(self.source.fault(
                entry.span(),
                message,
                "Write `[[process]]` and `name = \"…\"` below it.",
            ));
        };
        let Some(name) = table.get("name") else {
            let message = "this process has no `name`";
            let help =
                format!("Possible are {}.", listed(self.registry.kinds().iter().map(super::Kind::name)));
            return Err(self.source.fault(entry.span(), message, help));
        };
        let Some(text) = name.get_ref().as_str() else {
            let message = format!("the name of a process is a string, not a {}", name.get_ref().type_str());
            return Err(self.source.fault(name.span(), message, ""));
        };
        let Some(kind) = self.registry.get(text) else {
            return Err(self.source.fault(name.span(), unknown(self.registry, text), ""));
        };
        let known: Vec<&str> = kind.parameters().iter().chain(&OF_ANY_PROCESS).copied().collect();
        let table = &spelled(table, &known);
        self.known(table, &known, &format!("{}: ", kind.name()))?;
        let spans: BTreeMap<String, Range<usize>> = (table.iter())
            .map(|(key, value)| (key.get_ref().to_string(), value.span()))
            .chain([(String::new(), name.span())])
            .collect();
        let (mut common, mut own): (Table<'_>, Table<'_>) = (Table::new(), Table::new());
        let is = |key: &Key<'_>, name: &str| key.get_ref().as_ref() == name;
        for (key, value) in table {
            if is(key, "step") || is(key, "every") {
                common.insert(key.clone(), value.clone());
            } else if !OF_ANY_PROCESS.iter().any(|name| is(key, name)) {
                own.insert(key.clone(), value.clone());
            }
        }
        let region = table.get("region").map(|value| self.region(value)).transpose()?;
        let region_edges = table.get("region-edges").map(|value| self.edge(value)).transpose()?;
        if let (Some(Edge::Looped), Some(value)) = (region_edges, table.get("region-edges")) {
            let message = "the edges of a part of the land cannot be periodic";
            return Err(self.source.fault(value.span(), message, "Possible here: `fixed`, `closed`."));
        }
        let common: Common = self.settings(common, entry.span())?;
        let parameters: toml::Table = self.settings(own.clone(), entry.span())?;
        let recipe = (kind.read)(toml::Deserializer::from(Spanned::new(entry.span(), own)))
            .map_err(|error| self.source.toml(&error, name.span()))?;
        Ok(Entry {
            step: common.step,
            every: common.every,
            region,
            region_edges: region_edges.unwrap_or_default(),
            name: kind.name(),
            parameters,
            recipe,
            spans,
        })
    }

    fn edge(&self, value: &Spanned<DeValue<'_>>) -> Result<Edge> {
        let found = value.get_ref().as_str();
        if let Some(edge) = found.and_then(edge_of) {
            return Ok(edge);
        }
        let message = match found {
            Some(name) => format!("there is no edge `{name}`"),
            None => format!("an edge is a string, not a {}", value.get_ref().type_str()),
        };
        let help = format!("Possible here: {}.", listed(EDGES.iter().map(|edge| edge.0)));
        Err(self.source.fault(value.span(), message, help))
    }

    fn edges(&self, value: &Spanned<DeValue<'_>>) -> Result<Rim> {
        let Some(table) = value.get_ref().as_table() else { return self.edge(value).map(Rim::all) };
        self.known(table, &SIDES, "edges: ")?;
        let side = |name: &str| table.get(name).map_or(Ok(Edge::default()), |value| self.edge(value));
        let rim =
            Rim { west: side("west")?, east: side("east")?, south: side("south")?, north: side("north")? };
        let loops = |edge: Edge| edge == Edge::Looped;
        if loops(rim.west) != loops(rim.east) || loops(rim.south) != loops(rim.north) {
            let message = "an edge is periodic and the one opposite is not";
            return Err(self.source.fault(
                value.span(),
                message,
                "Name both: west and east, or south and north.",
            ));
        }
        Ok(rim)
    }

    fn region(&self, value: &Spanned<DeValue<'_>>) -> Result<RegionBox> {
        let numbers = |value: &Spanned<DeValue<'_>>| -> Result<[f64; 4]> {
            let read = toml::de::ValueDeserializer::from(value.clone());
            <[f64; 4]>::deserialize(read).map_err(|error| {
                let help = "A region is four numbers: [west, south, east, north].";
                self.source.fault(value.span(), error.message(), help)
            })
        };
        let region = match value.get_ref().as_table() {
            None => RegionBox::AsLand(numbers(value)?),
            Some(table) => {
                self.known(table, &["degrees", "metres"], "region: ")?;
                match (table.get("degrees"), table.get("metres")) {
                    (Some(value), None) => RegionBox::Degrees(numbers(value)?),
                    (None, Some(value)) => RegionBox::Metres(numbers(value)?),
                    _ => {
                        let help = "Write { degrees = [w, s, e, n] } or { metres = [w, s, e, n] }.";
                        return Err(self.source.fault(
                            value.span(),
                            "a region is in degrees or in metres",
                            help,
                        ));
                    }
                }
            }
        };
        match region.fault() {
            Some(fault) => {
                let help = "The order is [west, south, east, north].";
                Err(self.source.fault(value.span(), format!("not a region: {fault}"), help))
            }
            None => Ok(region),
        }
    }
}

/// Whether all numbers are possible.
pub(super) fn check(scenario: &Scenario) -> Result<()> {
    // Where the value of a setting stands, for what a text says; it was read before, so its form is known to be good.
    let fault = |key: &str, why: String| match &scenario.source {
        Some(source) => {
            match DeTable::parse(&source.text).ok().and_then(|t| t.get_ref().get(key).map(Spanned::span)) {
                Some(span) => source.fault(span, format!("`{key}` is {why}"), ""),
                None => ScenarioError::value(key, why),
            }
        }
        None => ScenarioError::value(key, why),
    };
    if scenario.processes.is_empty() {
        return Err(ScenarioError::value("process", "the list of processes is empty: nothing would happen"));
    }
    for (key, years) in [("years", scenario.years), ("step", scenario.step)] {
        if let Some(years) = years.filter(|years| !(years.is_finite() && *years > 0.0)) {
            return Err(fault(key, format!("{years}; it must be more than 0 years, and not without end")));
        }
    }
    if let (Some(years), Some(step)) = (scenario.years, scenario.step) {
        if step > years {
            return Err(fault(
                "step",
                format!("{step} years, longer than the {years} years of the whole run"),
            ));
        }
        if years / step > 1e12 {
            return Err(fault(
                "step",
                format!("{step} years: {years} years would take {:e} steps", years / step),
            ));
        }
    }
    if let Some(level) = scenario.sea_level.filter(|level| !level.is_finite()) {
        return Err(fault("sea-level", format!("{level}; it must be a height in metres")));
    }
    if scenario.split_at_most == 0 {
        return Err(fault("split-at-most", "0; 1 means that no step is split".to_owned()));
    }
    if scenario.threads > 1024 {
        return Err(fault("threads", format!("{}; at most 1024", scenario.threads)));
    }
    for entry in &scenario.processes {
        if let Err(why) = entry.rhythm(scenario.step_years()) {
            let key = if entry.step.is_some() { "step" } else { "every" };
            return Err(scenario.at(entry, key, why));
        }
        if let Some(why) = entry.region.as_ref().and_then(RegionBox::fault) {
            return Err(scenario.at(entry, "region", why));
        }
    }
    Ok(())
}

/// What files call an edge.
pub(crate) fn edge_name(edge: Edge) -> &'static str {
    EDGES.iter().find(|known| known.1 == edge).map_or("fixed", |known| known.0)
}

/// What edge files mean.
pub(crate) fn edge_of(name: &str) -> Option<Edge> {
    EDGES.iter().find(|known| known.0 == name).map(|known| known.1)
}

/// A whole number; what does not fit is more than anybody means.
fn whole(number: u64) -> toml::Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

pub(super) fn write(scenario: &Scenario) -> String {
    let mut top = toml::Table::new();
    let mut put = |key: &str, value: Option<toml::Value>| {
        if let Some(value) = value {
            top.insert(key.to_owned(), value);
        }
    };
    put("title", (!scenario.title.is_empty()).then(|| scenario.title.clone().into()));
    put("years", scenario.years.map(Into::into));
    put("step", scenario.step.map(Into::into));
    put("threads", Some(whole(scenario.threads as u64)));
    put("sea-level", scenario.sea_level.map(Into::into));
    put("checkpoint-every", Some(whole(scenario.checkpoint_every)));
    put("split-at-most", Some(whole(scenario.split_at_most)));
    put(
        "edges",
        scenario.edges.map(|rim| {
            let sides = [("west", rim.west), ("east", rim.east), ("south", rim.south), ("north", rim.north)];
            sides
                .into_iter()
                .map(|(side, edge)| (side.to_owned(), edge_name(edge).into()))
                .collect::<toml::Table>()
                .into()
        }),
    );
    let processes = scenario.processes.iter().map(|entry| {
        let mut table = entry.parameters.clone();
        table.insert("name".to_owned(), entry.name.into());
        let numbers = |edges: [f64; 4]| toml::Value::from(edges.to_vec());
        let of = |key: &str, edges| toml::Table::from_iter([(key.to_owned(), numbers(edges))]).into();
        let region = entry.region.map(|region| match region {
            RegionBox::AsLand(edges) => numbers(edges),
            RegionBox::Degrees(edges) => of("degrees", edges),
            RegionBox::Metres(edges) => of("metres", edges),
        });
        let edges = region.is_some().then(|| edge_name(entry.region_edges).into());
        let common = [
            ("step", entry.step.map(Into::into)),
            ("every", entry.every.map(whole)),
            ("region", region),
            ("region-edges", edges),
        ];
        for (key, value) in common {
            if let Some(value) = value {
                table.insert(key.to_owned(), value);
            }
        }
        toml::Value::from(table)
    });
    put("process", Some(processes.collect::<Vec<_>>().into()));
    top.to_string()
}
