//! What went wrong, and whose fault it was.

use bm_grid::GridError;
use bm_hybrid::WorldError;
use bm_hybrid::query::StreamError;
use bm_io::IoError;
use bm_process::run::RunError;
use bm_process::scenario::ScenarioError;
use std::error::Error;
use std::io;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The world, or the data.
    World(WorldError),
    /// A stream of places.
    Stream(StreamError),
    /// Arguments that do not fit together.
    Usage(String),
    /// The world does not hold what a change depends on.
    Conflict(String),
    /// A simulation, and whether the input was at fault.
    Run(RunError, bool),
    /// Standard output.
    Output(io::Error),
}

impl Fault {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// 2 when the input was bad, 1 when the work failed.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::World(WorldError::Io(IoError::Os { source, .. })) if is_bad_path(source) => 2,
            Self::World(e) | Self::Stream(StreamError::World(e)) => e.kind().exit_code(),
            Self::Usage(_) | Self::Run(_, true) => 2,
            Self::Run(_, false) => 1,
            Self::Stream(_) | Self::Output(_) | Self::Conflict(_) => 1,
        }
    }

    /// Whether somebody stopped reading what is printed: no reason to complain.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(e) | Self::Stream(StreamError::Write(e)) if e.kind() == io::ErrorKind::BrokenPipe)
    }

    /// One line, and one more for each cause that the line does not tell already.
    pub(crate) fn text(&self) -> String {
        let error: &dyn Error = match self {
            Self::Usage(text) | Self::Conflict(text) => return text.clone(),
            Self::World(e) => e,
            Self::Stream(e) => e,
            Self::Run(e, _) => e,
            Self::Output(e) => return format!("standard output: cannot write: {e}"),
        };
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(e) = cause {
            let more = e.to_string();
            if !text.contains(&more) {
                text = format!("{text}\n    because {more}");
            }
            cause = e.source();
        }
        text
    }
}

/// A path that cannot be right, also for a file that was to be written.
fn is_bad_path(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory)
}

impl From<WorldError> for Fault {
    fn from(e: WorldError) -> Self {
        Self::World(e)
    }
}

impl From<IoError> for Fault {
    fn from(e: IoError) -> Self {
        Self::World(e.into())
    }
}

impl From<ScenarioError> for Fault {
    fn from(e: ScenarioError) -> Self {
        RunError::from(e).into()
    }
}

impl From<RunError> for Fault {
    fn from(e: RunError) -> Self {
        let bad_input = matches!(e, RunError::Scenario(_));
        Self::Run(e, bad_input)
    }
}

impl From<GridError> for Fault {
    fn from(e: GridError) -> Self {
        Self::Usage(e.to_string())
    }
}

impl From<StreamError> for Fault {
    fn from(e: StreamError) -> Self {
        Self::Stream(e)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(e: serde_json::Error) -> Self {
        io::Error::from(e).into()
    }
}

impl From<io::Error> for Fault {
    fn from(e: io::Error) -> Self {
        Self::Output(e)
    }
}
