//! Diffusion of slopes.
