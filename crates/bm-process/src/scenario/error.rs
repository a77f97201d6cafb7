//! What is wrong with a scenario, shown where it is.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Why a scenario cannot be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Something in a text, with its place.
    #[error("{0}")]
    At(Box<Fault>),
    /// Something that no text says: a value given by a caller.
    #[error("{what}: {why}")]
    Value {
        /// What is wrong: the name of a setting.
        what: String,
        /// Why, and what would be right.
        why: String,
    },
}

impl ScenarioError {
    pub(crate) fn value(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Value { what: what.into(), why: why.into() }
    }

    /// Line and column, both counted from 1, where a text is wrong.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::At(fault) => Some((fault.line, fault.column)),
            Self::Value { .. } => None,
        }
    }
}

/// A fault in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The file, as the caller named it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The whole line.
    pub text: String,
    /// How many of its characters are meant.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right; may be empty.
    pub help: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        let number = self.line.to_string();
        // Tabs stay tabs, so that the mark comes to lie under what is meant.
        let indent: String =
            self.text.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(f, "  {number} | {}", self.text)?;
        write!(f, "  {:width$} | {indent}{}", "", "^".repeat(self.length.max(1)), width = number.len())?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n{}", self.help) }
    }
}

/// A text that is read, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: Arc<str>,
}

impl Source {
    /// A fault at a range of bytes.
    pub(crate) fn fault(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> ScenarioError {
        let text = &self.text;
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let first = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let last = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let end = text.floor_char_boundary(span.end.clamp(start, last));
        ScenarioError::At(Box::new(Fault {
            file: self.file.clone(),
            line: text[..start].matches('\n').count() + 1,
            column: text[first..start].chars().count() + 1,
            text: text[first..last].trim_end_matches('\r').to_owned(),
            length: text[start..end].chars().count(),
            message: message.into(),
            help: help.into(),
        }))
    }

    /// What the reader of TOML found, at its place; without one, at `otherwise`.
    pub(crate) fn toml(&self, error: &toml::de::Error, otherwise: Range<usize>) -> ScenarioError {
        self.fault(error.span().unwrap_or(otherwise), error.message().replace('\n', "; "), "")
    }
}

/// The name that was probably meant, as a sentence; empty when none is near.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known.into_iter().map(|known| (strsim::jaro_winkler(name, known), known));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, known)) if likeness > 0.75 => format!("did you mean `{known}`? "),
        _ => String::new(),
    }
}

/// Names in a row, quoted.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
