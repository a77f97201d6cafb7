//! Diffusion of heat.
