//! Every process as scenarios know it: parameters one can write down, and what they build.
//!
//! | module | process |
//! |---|---|
//! | [`fault`] | `fault`: slip along a trace |
//! | [`heat`] | `heat`: diffusion of heat, and climate |
//! | [`hillslope`] | `hillslope`: slopes that creep, linear or up to a critical slope |
//! | [`isostasy`] | `isostasy`: Airy or flexure |
//! | [`legacy`] | `legacy-…`: the first equations as documented |
//! | [`roughen`] | `roughen`: the small forms that coarse relief lacks |
//! | [`slides`] | `slides`: ground steeper than it can stand |
//! | [`stream_power`] | `stream-power`: rivers that cut, carry and drop |
//! | [`uplift`] | `uplift`: by a rate, a raster, or plates that converge |
//! | [`water`] | `water`: shallow water that erodes |
//! | [`waves`] | `waves`: erosion of coasts |
//! | [`weathering`] | `weathering`: rock that becomes loose by frost and chemistry |

pub mod fault;
pub mod heat;
pub mod hillslope;
pub mod isostasy;
pub mod legacy;
pub mod roughen;
pub mod slides;
pub mod stream_power;
pub mod uplift;
pub mod water;
pub mod waves;
pub mod weathering;

mod check;
