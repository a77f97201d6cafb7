//! Page bodies: a base function, exceptions, and the directory of finer pages.

use crate::directory;
use crate::error::DecodeError;
use crate::exceptions::Exceptions;
use crate::procedural::{GeneratorRef, MAX_PARAMS};
use crate::shares::Shares;
use crate::strata::{Strata, check_material, material};
use crate::wire::{Reader, put_varint};
use bm_core::page::SUBCELLS;
use bm_core::{MaterialId, PageId};
use std::sync::Arc;

/// Version of the body format; a change of any byte's meaning, the trained prior included, raises it. Version 1
/// had no sparse exceptions and another directory; nothing was published with it, and it is not read.
pub const BODY_VERSION: u8 = 2;

/// What answers where no exception does.
#[derive(Clone, Debug, PartialEq)]
pub enum Base {
    /// Whatever the nearest ancestor answers at the exact position.
    Inherit,
    /// One material.
    Uniform(MaterialId),
    /// Layered columns.
    Strata(Arc<Strata>),
    /// A registered generator.
    Procedural(GeneratorRef),
    /// The base of another page of the same tier, which carries the columns for this one too: a relief
    /// that reaches through several pages of a stack is stored once.
    Shared(PageId),
}

impl Base {
    /// Lower-case name, as reports print it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Inherit => "inherit",
            Self::Uniform(_) => "uniform",
            Self::Strata(_) => "strata",
            Self::Procedural(_) => "procedural",
            Self::Shared(_) => "shared",
        }
    }
}

/// One entry of a page's directory: a finer page that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Morton index of the sub-cell it covers.
    pub sub: u32,
    /// CRC-32 of its body, so that a stale, swapped or lost page is found out.
    pub crc: u32,
    /// What it holds, for coarse answers that do not read it.
    pub shares: Shares,
}

/// A whole page.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The base function.
    pub base: Base,
    /// Sub-cells that differ from it.
    pub exceptions: Exceptions,
    /// Finer pages, by ascending sub-cell.
    pub children: Vec<Child>,
}

impl Body {
    /// A page that is only a base.
    #[must_use]
    pub const fn new(base: Base) -> Self {
        Self { base, exceptions: Exceptions::None, children: Vec::new() }
    }

    /// The page's bytes. Equal pages give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![BODY_VERSION];
        match &self.base {
            Base::Inherit => out.push(0),
            Base::Uniform(m) => {
                out.push(1);
                put_varint(&mut out, m.0.into());
            }
            Base::Strata(s) => {
                out.push(2);
                s.encode(&mut out);
            }
            Base::Procedural(g) => {
                out.push(3);
                g.encode(&mut out);
            }
            Base::Shared(id) => {
                out.push(4);
                out.extend_from_slice(&id.raw().to_le_bytes());
            }
        }
        self.exceptions.encode(&mut out);
        directory::encode(&self.children, &mut out);
        out
    }

    /// Whether [`Body::decode`] will take this page back: to be asked before it is written.
    ///
    /// # Errors
    /// [`DecodeError`] naming the part that is beyond the format's bounds.
    pub fn check(&self) -> Result<(), DecodeError> {
        match &self.base {
            Base::Uniform(m) => check_material(*m)?,
            Base::Strata(s) => s.check()?,
            Base::Procedural(g) if g.params.len() > MAX_PARAMS => {
                return Err(DecodeError::invalid(
                    "generator reference",
                    format!("{} bytes of parameters", g.params.len()),
                ));
            }
            Base::Inherit | Base::Procedural(_) | Base::Shared(_) => {}
        }
        let subs = self.children.iter().map(|c| c.sub);
        if !subs.clone().is_sorted_by(|a, b| a < b) || subs.clone().any(|s| s >= SUBCELLS) {
            return Err(DecodeError::invalid("directory entry", "out of order, or beyond the last sub-cell"));
        }
        Ok(())
    }

    /// Reads a page's bytes back.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that is not a page; never panics, never allocates more than the
    /// format's bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let version = r.u8("body version")?;
        if version > BODY_VERSION {
            return Err(DecodeError::Newer {
                what: "page body",
                found: version.into(),
                known: BODY_VERSION.into(),
            });
        }
        if version != BODY_VERSION {
            return Err(DecodeError::Older {
                what: "page body",
                found: version.into(),
                known: BODY_VERSION.into(),
            });
        }
        let base = match r.u8("base kind")? {
            0 => Base::Inherit,
            1 => Base::Uniform(material(&mut r)?),
            2 => Base::Strata(Arc::new(Strata::decode(&mut r)?)),
            3 => Base::Procedural(GeneratorRef::decode(&mut r)?),
            4 => {
                let raw = r.u64("shared page")?;
                let id = PageId::from_raw(raw);
                Base::Shared(id.ok_or_else(|| DecodeError::invalid("shared page", format!("{raw:#x}")))?)
            }
            k => return Err(DecodeError::invalid("base kind", k.to_string())),
        };
        let exceptions = Exceptions::decode(&mut r)?;
        let children = directory::decode(&mut r)?;
        r.finish()?;
        Ok(Self { base, exceptions, children })
    }
}

/// Kind of the base of an encoded page (as [`Base::kind`] names it), without decoding the rest.
#[must_use]
pub fn peek_kind(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [&str; 5] = ["inherit", "uniform", "strata", "procedural", "shared"];
    let kind = bytes.get(1)?;
    KINDS.get(usize::from(*kind)).copied()
}

/// The check sum a directory keeps of a page's body.
#[must_use]
pub fn body_crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
