//! `docs/scenarios.md` says what there is: its second half is made from the sources, its first is looked through.
//!
//! `UPDATE_DOCS=1 cargo test -p bm-process --test docs` writes the second half anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot do without fails it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bm_process::field::Field;
use bm_process::scenario::{Entry, OF_ANY_PROCESS, Registry, SETTINGS, Scenario};
use bm_process::state::State;

const MARK: &str = "<!-- From here on made from the sources:";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A struct's field or an enum's variant, with its documentation.
struct Item {
    name: String,
    kind: String,
    about: Vec<String>,
}

/// By name: documentation, and what is in it.
type Items = BTreeMap<String, (Vec<String>, Vec<Item>)>;

/// Structs and enums of a source.
fn items(source: &str) -> Items {
    let mut all = BTreeMap::new();
    let mut about: Vec<String> = Vec::new();
    let mut open: Option<(String, Vec<String>, Vec<Item>)> = None;
    for line in source.lines() {
        let text = line.trim();
        if let Some(doc) = text.strip_prefix("///") {
            about.push(doc.trim().to_owned());
        } else if text.starts_with("#[") {
            // Between the documentation and what it is of.
        } else if let Some((name, of, inside)) = &mut open {
            if line.starts_with('}') {
                all.insert(std::mem::take(name), (std::mem::take(of), std::mem::take(inside)));
                open = None;
            } else {
                let item = text.trim_start_matches("pub ").trim_end_matches(',');
                let (name, kind) = item.split_once(':').unwrap_or((item, ""));
                inside.push(Item {
                    name: name.trim().to_owned(),
                    kind: kind.trim().to_owned(),
                    about: std::mem::take(&mut about),
                });
            }
        } else {
            let name = text.strip_prefix("pub struct ").or(text.strip_prefix("pub enum "));
            if let Some(name) = name.and_then(|rest| rest.strip_suffix(" {")) {
                open = Some((name.to_owned(), std::mem::take(&mut about), Vec::new()));
            } else if let Some(name) = name.and_then(|rest| rest.strip_suffix(" {}")) {
                all.insert(name.to_owned(), (std::mem::take(&mut about), Vec::new()));
            }
            about.clear();
        }
    }
    all
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The values a default has, by field, from its debug form.
fn defaults(debug: &str) -> BTreeMap<String, String> {
    let fields = debug.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let fields = fields.filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    fields.map(|(name, value)| (name.to_owned(), shown(value))).collect()
}

/// A value as files say it.
fn shown(value: &str) -> String {
    match value.parse::<f64>() {
        Ok(number) => format!("`{number:?}`").replace(".0`", "`"),
        Err(_) if value == "None" => String::new(),
        Err(_) if value == "{}" || value == "[]" => "none".to_owned(),
        Err(_) if value.starts_with(char::is_uppercase) => format!("`\"{}\"`", kebab(value)),
        Err(_) => format!("`{value}`"),
    }
}

/// Paragraphs of documentation in one line; links become code.
fn line(about: &[String]) -> String {
    about.join(" ").replace("[`", "`").replace("`]", "`").replace('|', "\\|").trim().to_owned()
}

/// The same with tables left as they are, links as code.
fn paragraphs(about: &[String]) -> String {
    let mut out = String::new();
    for text in about {
        out.push_str(&text.replace("[`", "`").replace("`]", "`"));
        out.push('\n');
    }
    out
}

fn table(out: &mut String, fields: &[Item], defaults: &BTreeMap<String, String>, all: &Items) {
    writeln!(out, "| parameter | if not said | meaning |\n|---|---|---|").unwrap();
    let (mut after, mut nested) = (String::new(), Vec::new());
    for field in fields {
        let words = field.kind.split(|c: char| !c.is_alphanumeric());
        let named = words.filter_map(|word| all.get_key_value(word)).next_back();
        let mut meaning = match field.about.iter().position(String::is_empty) {
            // What follows a blank line is longer than a cell of a table.
            Some(blank) => {
                let _ = write!(after, "\n{}", paragraphs(&field.about[blank + 1..]));
                line(&field.about[..blank])
            }
            None => line(&field.about),
        };
        if let Some((_, (about, inside))) = named {
            if inside.iter().all(|item| item.kind.is_empty()) {
                for value in inside {
                    let _ = write!(meaning, " `\"{}\"`: {}", kebab(&value.name), line(&value.about));
                }
            } else {
                nested.push((&field.name, about, inside));
            }
        }
        let default = defaults.get(&field.name).map_or("", String::as_str);
        writeln!(out, "| `{}` | {default} | {meaning} |", field.name.trim_start_matches("r#")).unwrap();
    }
    out.push_str(&after);
    for (name, about, inside) in nested {
        writeln!(out, "\n`{name}`: {}\n", line(about)).unwrap();
        table(out, inside, &BTreeMap::new(), all);
    }
}

fn made() -> String {
    let registry = Registry::standard();
    let folder = fs::read_dir(root().join("src/processes")).unwrap();
    let sources: Vec<_> = folder.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    // Names of layers, and of whatever else sources have names for.
    let names: Vec<(String, String)> = (sources.iter())
        .chain([&fs::read_to_string(root().join("src/state.rs")).unwrap()])
        .flat_map(|source| source.lines())
        .filter_map(|line| line.trim().strip_prefix("pub const ")?.split_once(": &str = \""))
        .map(|(name, value)| (name.to_owned(), value.trim_end_matches("\";").to_owned()))
        .collect();
    // Two files may use one name for things of their own.
    let sources: Vec<_> = sources.iter().map(|source| items(source)).collect();
    let mut out = String::new();
    writeln!(out, "{MARK} UPDATE_DOCS=1 cargo test -p bm-process --test docs -->\n\n## Processes\n").unwrap();
    writeln!(out, "| process | what it does |\n|---|---|").unwrap();
    for kind in registry.kinds() {
        writeln!(out, "| [`{0}`](#{0}) | {1} |", kind.name(), kind.about()).unwrap();
    }
    for kind in registry.kinds() {
        let entry = Entry::new(&registry, kind.name(), toml::Table::new()).unwrap();
        let debug = format!("{:#?}", entry.recipe());
        let config = debug.split([' ', '\n']).next().unwrap();
        let all = sources.iter().find(|all| all.contains_key(config)).unwrap_or_else(|| panic!("{config}"));
        let (about, fields) = &all[config];
        writeln!(out, "\n### {}\n", kind.name()).unwrap();
        writeln!(out, "{}", paragraphs(about).trim_end()).unwrap();
        let names: Vec<_> = fields.iter().map(|field| field.name.replace('_', "-")).collect();
        let known: Vec<_> = kind.parameters().iter().map(|name| name.replace('_', "-")).collect();
        assert_eq!(names, known, "{}", kind.name());
        assert!(fields.iter().all(|field| !field.about.is_empty()), "{}", kind.name());
        if !fields.is_empty() {
            out.push('\n');
            table(&mut out, fields, &defaults(&debug), all);
        }
    }
    for (name, value) in names {
        out = out
            .replace(&format!("`layer::{name}`"), &format!("`{value}`"))
            .replace(&format!("`{name}`"), &format!("`{value}`"));
    }
    out
}

#[test]
fn the_second_half_is_made_from_the_sources() {
    let path = root().join("../../docs/scenarios.md");
    let file = fs::read_to_string(&path).unwrap();
    let (first, second) = file.split_at(file.find(MARK).expect("the mark"));
    let made = made();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{first}{made}")).unwrap();
    } else {
        let differs = made.lines().zip(second.lines()).find(|(made, there)| made != there);
        assert!(
            made == second,
            "docs/scenarios.md is not what the sources say (UPDATE_DOCS=1 writes it): {differs:?}"
        );
    }
}

#[test]
fn the_first_half_names_every_setting_and_its_examples_run() {
    let file = fs::read_to_string(root().join("../../docs/scenarios.md")).unwrap();
    let row = |section: &str, name: &str| {
        let from = file.find(section).expect(section);
        let section = &file[from..];
        let section = &section[..section[3..].find("\n## ").map_or(section.len(), |end| end + 3)];
        assert!(section.contains(&format!("\n| `{name}` |")), "{name} is not in {section}");
        section.matches("\n| `").count()
    };
    for name in SETTINGS {
        assert_eq!(row("## Settings of the whole", name), SETTINGS.len());
    }
    for name in OF_ANY_PROCESS {
        assert_eq!(row("## Settings of any", name), OF_ANY_PROCESS.len());
    }
    let land = State::new(Field::square(600, 4, 100.0, |x, _| x as f64), bm_core::MaterialId::ROCK);
    let blocks: Vec<&str> =
        file.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let scenario = Scenario::parse("docs/scenarios.md", block).unwrap_or_else(|error| panic!("{error}"));
        scenario.build(&land).unwrap_or_else(|error| panic!("{error}"));
    }
}
