//! The `bm` program: arguments in, text or JSON out. What it does is in `bm-hybrid`.
//!
//! | module | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `commands` | one module a command |
//! | `output` | what is printed, and how numbers look |
//! | `progress` | bars on standard error |
//! | `fault` | what went wrong, and the exit code: 0 good, 1 the work failed, 2 the input was bad |

mod args;
mod commands;
mod fault;
mod output;
mod progress;

use clap::Parser;
use fault::Fault;
use output::Out;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is a mistake in this program; whoever meets it needs one line and not a backtrace.
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        eprintln!("bm: internal error{at}: please report it; the world is as the last commit left it");
        std::process::exit(1);
    }));
    let args = args::Args::parse();
    let mut out = Out::new(args.json);
    let code = match commands::run(&args, &mut out).and_then(|code| out.finish().map(|()| code)) {
        Ok(code) => code,
        Err(fault) if fault.is_broken_pipe() => 0,
        Err(fault) => report(&fault, &mut out),
    };
    ExitCode::from(code)
}

fn report(fault: &Fault, out: &mut Out) -> u8 {
    let code = fault.exit_code();
    let text = fault.text();
    eprintln!("bm: {text}");
    if out.is_json() {
        // Standard output may be what failed: then nothing more can be said there.
        let _ =
            out.json(&serde_json::json!({ "error": text, "exit_code": code })).and_then(|()| out.finish());
    }
    code
}
