//! From a file's numbers to whole quarter metres, or to plain numbers.

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
fn unit_in_metres(name: &str, place: &str) -> Result<f64, Fault> {
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

/// Takes a file's numbers and keeps what is made of them.
pub(super) trait Sink: Sized {
    /// What is kept of a number.
    type Kept: Copy;
    /// What is kept where the file has no data.
    const NONE: Self::Kept;
    /// What the numbers are taken for, in messages.
    const MEANT: &'static str;
    /// The unit of a file that names none.
    const UNIT: &'static str;
    /// How to say which of several variables is meant.
    const CHOICE: &'static str;

    /// What the file's unit is multiplied with.
    fn unit(name: &str, place: &str) -> Result<f64, Fault>;
    /// `expected` must have been checked against the limits already.
    fn new(rule: HeightRule, expected: usize) -> Result<Self, Fault>;
    /// What to keep of `raw`, remembering what it cost; `index` is for the message.
    fn convert(&mut self, raw: f64, index: usize) -> Self::Kept;
    /// All that was kept, in the file's order.
    fn kept(&mut self) -> &mut Vec<Self::Kept>;
    /// Whether two samples say the same.
    fn same(a: Self::Kept, b: Self::Kept) -> bool;
    /// Ends the reading; what cannot be refuses the whole file.
    fn finish(self, columns: usize, place: &str) -> Result<Self, Fault>;

    fn push(&mut self, raw: f64) {
        let index = self.kept().len();
        let kept = self.convert(raw, index);
        self.kept().push(kept);
    }
}

impl HeightRule {
    /// A missing marker given as f64 means the nearest number of the file's own type.
    fn rounded(mut self) -> Self {
        if self.single {
            for m in &mut self.missing {
                *m = f64::from(*m as f32);
            }
        }
        self
    }

    /// Whether a raw value stands for nothing.
    fn is_missing(&self, raw: f64) -> bool {
        raw.is_nan() || raw < self.valid.0 || raw > self.valid.1 || self.missing.contains(&raw)
    }

    fn value(&self, raw: f64) -> f64 {
        (raw * self.scale + self.offset) * self.unit_m
    }
}

/// Room for the samples of a raster.
fn room<T>(expected: usize) -> Result<Vec<T>, Fault> {
    let mut room = Vec::new();
    room.try_reserve_exact(expected).map_err(|e| {
        Fault::unsuitable("raster size", format!("no memory for {expected} samples ({e})"), "crop the raster")
    })?;
    Ok(room)
}

/// Keeps the numbers as they are, whatever they mean.
pub(super) struct ValueSink {
    rule: HeightRule,
    pub(super) values: Vec<f64>,
}

impl Sink for ValueSink {
    type Kept = f64;
    const NONE: f64 = f64::NAN;
    const MEANT: &'static str = "raster";
    const UNIT: &'static str = "";
    const CHOICE: &'static str = "name one with the `variable` option (FILE#VARIABLE on the command line)";

    fn unit(_: &str, _: &str) -> Result<f64, Fault> {
        Ok(1.0)
    }

    fn new(rule: HeightRule, expected: usize) -> Result<Self, Fault> {
        Ok(Self { rule: rule.rounded(), values: room(expected)? })
    }

    fn convert(&mut self, raw: f64, _: usize) -> f64 {
        let value = self.rule.value(raw);
        if self.rule.is_missing(raw) || !value.is_finite() { f64::NAN } else { value }
    }

    fn kept(&mut self) -> &mut Vec<f64> {
        &mut self.values
    }

    fn same(a: f64, b: f64) -> bool {
        a == b || (a.is_nan() && b.is_nan())
    }

    fn finish(self, _: usize, _: &str) -> Result<Self, Fault> {
        Ok(self)
    }
}

/// Keeps quarter metres.
pub(super) struct HeightSink {
    rule: HeightRule,
    pub(super) ticks: Vec<i32>,
    pub(super) all_whole: bool,
    pub(super) max_rounding_m: f64,
    implausible: Option<(usize, f64)>,
}

impl Sink for HeightSink {
    type Kept = i32;
    const NONE: i32 = Relief::NODATA;
    const MEANT: &'static str = "relief";
    const UNIT: &'static str = "m";
    const CHOICE: &'static str = "name one with the `variable` option (`--var`)";

    fn unit(name: &str, place: &str) -> Result<f64, Fault> {
        unit_in_metres(name, place)
    }

    fn new(rule: HeightRule, expected: usize) -> Result<Self, Fault> {
        let ticks = room(expected)?;
        Ok(Self { rule: rule.rounded(), ticks, all_whole: true, max_rounding_m: 0.0, implausible: None })
    }

    fn convert(&mut self, raw: f64, index: usize) -> i32 {
        if self.rule.is_missing(raw) {
            return Relief::NODATA;
        }
        let metres = self.rule.value(raw);
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

    fn kept(&mut self) -> &mut Vec<i32> {
        &mut self.ticks
    }

    fn same(a: i32, b: i32) -> bool {
        a == b
    }

    /// A height no planet has refuses the whole file.
    fn finish(self, columns: usize, place: &str) -> Result<Self, Fault> {
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
