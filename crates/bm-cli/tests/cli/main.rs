//! The program from outside: arguments in, output and exit code out.

mod bad;
mod boundaries;
mod commands;
mod edits;
mod edits_refused;
mod layers;
mod simulate;
mod streams;
mod support;
