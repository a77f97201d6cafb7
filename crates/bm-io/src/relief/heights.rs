//! From a file's numbers to whole quarter metres.

use super::Relief;
use crate::error::Fault;

/// No height on Earth, nor in any sea, is beyond this.
const MAX_HEIGHT_M: f64 = 20_000.0;

/// How a file writes heights.
#[derive(Debug, Clone)]
pub(super) struct HeightRule {
    /// metres = (raw · scale + offset) · unit_m
    pub(super) scale: f64,
    pub(super) offset: f64,
    pub(super) unit_m: f64,
    /// Raw values that mean "no data".
    pub(super) missing: Vec<f64>,
    /// Raw values outside mean "no data".
    pub(super) valid: (f64, f64),
    /// The raw values are f32; a missing marker given as f64 is compared after rounding.
    pub(super) single: bool,
}

impl Default for HeightRule {
    fn default() -> Self {
        Self {
            scale: 1.0,
            offset: 0.0,
            unit_m: 1.0,
            missing: Vec::new(),
            valid: (f64::NEG_INFINITY, f64::INFINITY),
            single: false,
        }
    }
}

/// Metres in the unit called `name`; an empty name is taken for metres.
pub(super) fn unit_in_metres(name: &str, place: &str) -> Result<f64, Fault> {
    Ok(match name.trim().to_ascii_lowercase().as_str() {
        "" | "m" | "meter" | "meters" | "metre" | "metres" => 1.0,
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => 1000.0,
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => 0.01,
        "dm" | "decimeter" | "decimeters" | "decimetre" | "decimetres" => 0.1,
        "ft" | "foot" | "feet" | "international_foot" | "international_feet" => 0.3048,
        "us_survey_foot" | "us_survey_feet" | "us survey foot" => 1200.0 / 3937.0,
        _ => {
            return Err(Fault::unsuitable(
                place,
                format!("heights in `{name}` are not understood"),
                "convert them to metres first, or choose the variable that holds heights",
            ));
        }
    })
}

/// Takes a file's numbers in order and keeps quarter metres.
pub(super) struct HeightSink {
    rule: HeightRule,
    pub(super) ticks: Vec<i32>,
    pub(super) all_whole: bool,
    pub(super) max_rounding_m: f64,
    implausible: Option<(usize, f64)>,
}

impl HeightSink {
    /// `expected` must have been checked against the limits already.
    pub(super) fn new(mut rule: HeightRule, expected: usize) -> Result<Self, Fault> {
        if rule.single {
            for m in &mut rule.missing {
                *m = f64::from(*m as f32);
            }
        }
        let mut ticks = Vec::new();
        ticks.try_reserve_exact(expected).map_err(|e| {
            Fault::unsuitable(
                "raster size",
                format!("no memory for {expected} samples ({e})"),
                "crop the raster",
            )
        })?;
        Ok(Self { rule, ticks, all_whole: true, max_rounding_m: 0.0, implausible: None })
    }

    pub(super) fn push(&mut self, raw: f64) {
        let t = self.convert(raw, self.ticks.len());
        self.ticks.push(t);
    }

    /// The height for `raw`, remembering what it cost; `index` is for the message.
    pub(super) fn convert(&mut self, raw: f64, index: usize) -> i32 {
        let r = &self.rule;
        if raw.is_nan() || raw < r.valid.0 || raw > r.valid.1 || r.missing.contains(&raw) {
            return Relief::NODATA;
        }
        let metres = (raw * r.scale + r.offset) * r.unit_m;
        if metres.is_nan() || metres.abs() > MAX_HEIGHT_M {
            self.implausible.get_or_insert((index, metres));
            return Relief::NODATA;
        }
        let quarters = metres * 4.0;
        let whole = quarters.round();
        self.max_rounding_m = self.max_rounding_m.max((whole - quarters).abs() / 4.0);
        let ticks = whole as i32;
        self.all_whole &= whole == quarters && ticks & 3 == 0;
        ticks
    }

    /// Ends the reading; a height no planet has refuses the whole file.
    pub(super) fn finish(self, columns: usize, place: &str) -> Result<Self, Fault> {
        if let Some((i, m)) = self.implausible {
            return Err(Fault::unsuitable(
                format!(
                    "{place}, column {} of row {} in the file's order",
                    i % columns.max(1),
                    i / columns.max(1)
                ),
                format!("a height of {m} m is beyond ±{} km", MAX_HEIGHT_M / 1000.0),
                "check the units, the scale factor and the no-data value of the file",
            ));
        }
        Ok(self)
    }
}
