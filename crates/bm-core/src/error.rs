//! Whose fault it was.

/// The coarse class of a failure. Each crate has its own error enums; they all map onto this, and the
/// command line maps it onto exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input cannot be used: wrong file, position outside the world, unknown name.
    BadInput,
    /// Something that should be there is not.
    NotFound,
    /// Stored bytes are damaged.
    Corrupt,
    /// The data was written by a newer version than this one understands.
    Unsupported,
    /// Somebody else holds the world, or changed it meanwhile.
    Conflict,
    /// The operating system refused: disk full, permission, I/O error.
    Io,
}

impl ErrorKind {
    /// Exit code of the command line: 2 when the input was bad, 1 when the work failed.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::BadInput | Self::NotFound | Self::Unsupported | Self::Corrupt => 2,
            Self::Conflict | Self::Io => 1,
        }
    }
}
