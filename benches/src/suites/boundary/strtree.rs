//! The peer STRtree of shapely, that is of GEOS: a child process that takes its turns when told to.

use std::path::Path;

use geo_types::Rect;
use serde_json::{Value, json};

use super::boxes::Sums;
use crate::harness::BenchError;
use crate::peers::child::Interpreter;

pub(super) const NAME: &str = "shapely 2.2 STRtree (static)";

/// A running interpreter with its tree.
pub(super) struct StrTree {
    python: Interpreter,
    /// Seconds the tree took.
    pub(super) built_in: f64,
}

impl StrTree {
    /// Starts the interpreter and has it build a tree.
    pub(super) fn start(python: &Path, boxes: &[Rect<f64>]) -> Result<Self, BenchError> {
        let python = Interpreter::start(NAME, python, include_str!("strtree.py"), &[])?;
        let mut peer = Self { python, built_in: 0.0 };
        let answer = peer.ask(&json!({"do": "build"}), boxes)?;
        peer.built_in = answer["seconds"].as_f64().ok_or_else(|| fail("no time"))?;
        Ok(peer)
    }

    /// Gives it the windows of the rounds to come, and has them answered once.
    pub(super) fn windows(&mut self, windows: &[Rect<f64>]) -> Result<Sums, BenchError> {
        let answer = self.ask(&json!({"do": "windows"}), windows)?;
        let number = |field: &str| answer[field].as_u64().ok_or_else(|| fail("no sum"));
        Ok((number("count")?, number("sum")?))
    }

    /// One round: nanoseconds a window.
    pub(super) fn round(&mut self) -> Result<f64, BenchError> {
        self.ask(&json!({"do": "round"}), &[])?["nanoseconds"].as_f64().ok_or_else(|| fail("no time"))
    }

    /// Sends a request in a line, and boxes as the bytes of their sides after it.
    fn ask(&mut self, request: &Value, boxes: &[Rect<f64>]) -> Result<Value, BenchError> {
        let mut request = request.clone();
        request["boxes"] = boxes.len().into();
        let sides = boxes.iter().flat_map(|b| [b.min().x, b.min().y, b.max().x, b.max().y]);
        let bytes: Vec<u8> = sides.flat_map(f64::to_le_bytes).collect();
        serde_json::from_str(&self.python.line(&request, &bytes)?).map_err(fail)
    }
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant(NAME, why)
}
