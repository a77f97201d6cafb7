//! Which processes scenarios can name.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::fields::fields_of;
use crate::process::{Process, ProcessError};
use crate::processes::{
    fault, heat, hillslope, isostasy, legacy, roughen, slides, stream_power, uplift, water, waves, weathering,
};
use crate::state::State;

/// The parameters of a process: what makes it for a land.
pub trait Recipe: fmt::Debug + Send + Sync {
    /// Makes the process for a land.
    ///
    /// # Errors
    /// [`ProcessError`] when a parameter is not possible.
    fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError>;
}

type Read = dyn Fn(toml::Deserializer<'_>) -> Result<Arc<dyn Recipe>, toml::de::Error> + Send + Sync;

/// One kind of process.
#[derive(Clone)]
pub struct Kind {
    name: &'static str,
    about: &'static str,
    parameters: &'static [&'static str],
    pub(super) read: Arc<Read>,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kind").field("name", &self.name).field("parameters", &self.parameters).finish()
    }
}

impl Kind {
    /// Its name in scenarios.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it does, in a line.
    #[must_use]
    pub const fn about(&self) -> &'static str {
        self.about
    }

    /// The names of its parameters.
    #[must_use]
    pub const fn parameters(&self) -> &'static [&'static str] {
        self.parameters
    }
}

/// The processes that scenarios can name: those of this crate and whatever an application adds.
///
/// ```
/// use bm_process::scenario::Registry;
///
/// let registry = Registry::standard();
/// for kind in registry.kinds() {
///     let _ = format!("{}: {} ({})", kind.name(), kind.about(), kind.parameters().join(", "));
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    kinds: Vec<Kind>,
}

impl Registry {
    /// None.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a kind; one of the same name is replaced. `C` is a struct that serde reads, all of whose fields have
    /// defaults, and that refuses unknown ones.
    pub fn add<C: Recipe + DeserializeOwned + 'static>(&mut self, name: &'static str, about: &'static str) {
        let read = |file: toml::Deserializer<'_>| -> Result<Arc<dyn Recipe>, toml::de::Error> {
            Ok(Arc::new(C::deserialize(file)?))
        };
        self.kinds.retain(|kind| kind.name != name);
        self.kinds.push(Kind { name, about, parameters: fields_of::<C>(), read: Arc::new(read) });
    }

    /// The same with one more kind.
    #[must_use]
    pub fn with<C: Recipe + DeserializeOwned + 'static>(
        mut self,
        name: &'static str,
        about: &'static str,
    ) -> Self {
        self.add::<C>(name, about);
        self
    }

    /// All kinds.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// One kind by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}

/// A line a process: its name in scenarios, its parameters, what it does.
macro_rules! standard {
    ($($name:literal => $config:ty, $about:literal;)*) => {
        $(impl Recipe for $config {
            fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
                <$config>::build(self, state)
            }
        })*

        impl Registry {
            /// The processes of this crate.
            #[must_use]
            pub fn standard() -> Self {
                Self::empty()$(.with::<$config>($name, $about))*
            }
        }
    };
}

standard! {
    "roughen" => roughen::RoughenConfig, "once, at the beginning: the small forms that coarse relief lacks";
    "stream-power" => stream_power::StreamPowerConfig, "rivers find their way, cut, carry and drop";
    "hillslope" => hillslope::HillslopeConfig, "slopes creep, evenly or up to a critical slope";
    "uplift" => uplift::UpliftConfig, "the ground rises: everywhere alike, by a raster, or where plates converge";
    "fault" => fault::FaultConfig, "slip along a trace, up and down and sideways";
    "isostasy" => isostasy::IsostasyConfig, "the ground gives way under loads and rises when relieved: Airy or flexure";
    "heat" => heat::HeatConfig, "diffusion of heat along the ground, and the climate above it";
    "weathering" => weathering::WeatheringConfig, "rock becomes loose by frost and chemistry";
    "slides" => slides::SlidesConfig, "ground steeper than it can stand comes down";
    "water" => water::WaterConfig, "shallow water with rain and losses that erodes, carries and lays down";
    "waves" => waves::WavesConfig, "the sea erodes its coasts";
    "legacy-erosion" => legacy::LegacyErosionConfig, "as first documented: in proportion to flow and drop";
    "legacy-water" => legacy::LegacyWaterConfig, "as first documented: water that erodes";
    "legacy-heat" => legacy::LegacyHeatConfig, "as first documented: diffusion between fixed edges";
    "legacy-frost" => legacy::LegacyFrostConfig, "as first documented: hours between −5 and 5 °C";
    "legacy-fault" => legacy::LegacyFaultConfig, "as first documented: the whole displacement in every step";
    "legacy-waves" => legacy::LegacyWavesConfig, "as first documented: on both sides of the shore";
}
