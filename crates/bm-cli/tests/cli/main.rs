//! The program from outside: arguments in, output and exit code out.

mod bad;
mod commands;
mod streams;
mod support;
