//! Running other programs: one way to start, echo and judge a command.

use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a task did not succeed, in words for whoever ran it.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// A failure whose whole story has been printed already.
    pub(crate) fn already_told() -> Self {
        Self(String::new())
    }
}

/// What every task returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The cargo that started us, so that one toolchain builds everything; run from the workspace root.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // `cargo run` describes the xtask package to us in these; a cargo below must not see them, or
    // build scripts that track them would rebuild at every switch between us and a plain shell.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_package_variable(name)) {
        command.env_remove(name);
    }
    command
}

fn is_package_variable(name: &OsString) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .map_or_else(|| program.display().to_string(), |name| name.to_string_lossy().into_owned()),
    ];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Runs a step with its output going straight to the terminal; a non-zero exit is a [`Failure`].
pub(crate) fn step(title: &str, command: &mut Command) -> Outcome {
    println!("\n== {title}: {}", shown(command));
    let start = Instant::now();
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() {
        println!("== {title}: ok, {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    } else {
        Err(Failure(format!("{title} failed ({status}): {}", shown(command))))
    }
}

/// Runs a command, hands every line of its standard output to `line`, and says whether it exited 0.
pub(crate) fn each_line(command: &mut Command, mut line: impl FnMut(&str)) -> Outcome<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| cannot_start(command, &error))?;
    if let Some(output) = child.stdout.take() {
        let mut reader = BufReader::new(output);
        let mut bytes = Vec::new();
        // Tests may print anything, so lines are bytes until shown.
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
            line(String::from_utf8_lossy(&bytes).trim_end());
            bytes.clear();
        }
    }
    let status = child.wait().map_err(|error| cannot_start(command, &error))?;
    Ok(status.success())
}

/// Runs a command silently and returns its standard output, or what it said on standard error.
pub(crate) fn quiet(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure(format!("{} ({}): {}", shown(command), output.status, last_lines(&said, 4))))
}

/// How a program that was given a time limit ended.
pub(crate) enum Ended {
    /// It exited 0.
    Well,
    /// It exited otherwise, or was killed at the limit; the text says which.
    Badly(String),
}

/// Runs a command with output to `log`, and kills it when it takes longer than `limit`.
pub(crate) fn limited(command: &mut Command, log: &Path, limit: Duration) -> Outcome<Ended> {
    let file = std::fs::File::create(log)
        .map_err(|error| Failure(format!("cannot write {}: {error}", log.display())))?;
    let again =
        file.try_clone().map_err(|error| Failure(format!("cannot write {}: {error}", log.display())))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(again)
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(Ended::Well),
            Ok(Some(status)) => return Ok(Ended::Badly(status.to_string())),
            Ok(None) if start.elapsed() > limit => {
                // It may have ended in between; either way it is gone after the wait.
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Ended::Badly(format!("still running after {} s, killed", limit.as_secs())));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(cannot_start(command, &error)),
        }
    }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure(format!("cannot run `{}`: {error}", shown(command)))
}

/// The last `count` lines that are not blank, joined with " / ".
fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_ends_a_program_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let ended = limited(Command::new("sleep").arg("60"), &log, Duration::from_millis(50)).unwrap();
        assert!(matches!(ended, Ended::Badly(why) if why.contains("killed")));
    }

    #[test]
    fn lines_and_exit_come_back() {
        let mut seen = Vec::new();
        let well = each_line(Command::new("sh").args(["-c", "echo one; echo two; exit 3"]), |line| {
            seen.push(line.to_owned())
        })
        .unwrap();
        assert!(!well);
        assert_eq!(seen, ["one", "two"]);
    }

    #[test]
    fn a_failed_command_says_its_last_words() {
        let failure = quiet(Command::new("sh").args(["-c", "echo no such thing >&2; exit 1"]));
        assert!(failure.unwrap_err().0.contains("no such thing"));
    }
}
