//! Running another program, with its wall time and its greatest memory.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::BenchError;

/// What a program took.
#[derive(Clone, Debug)]
pub struct Usage {
    /// From start to end, in seconds.
    pub seconds: f64,
    /// The most memory that was resident at once, in bytes.
    pub peak_bytes: f64,
    /// What it printed on standard output.
    pub output: String,
}

/// The `bm` program built beside this one.
///
/// # Errors
/// When there is none.
pub fn bm() -> Result<PathBuf, BenchError> {
    let fail = |why: &str| BenchError::contestant("bm", why);
    let own = std::env::current_exe().map_err(|error| fail(&error.to_string()))?;
    let program = own.with_file_name("bm");
    if program.exists() {
        Ok(program)
    } else {
        Err(fail("not built beside the bench: run `cargo xtask bench`"))
    }
}

/// Runs a program to its end.
///
/// Memory is the kernel's high-water mark of the program itself, read while it runs. (The mark that
/// comes with its end is no use: on Linux it begins with the memory of whoever started it.) Marks
/// only rise, so what is missed is at most what was added in the last few milliseconds.
///
/// # Errors
/// When it cannot be started or does not exit 0.
pub fn run(command: &mut Command) -> Result<Usage, BenchError> {
    let who = command.get_program().to_string_lossy().into_owned();
    let fail = |why: &dyn std::fmt::Display| BenchError::contestant(&who, why);
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| fail(&error))?;
    // Both pipes are emptied while it runs, or it would stop when one is full.
    let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_bytes: f64 = 0.0;
    let status = loop {
        if let Some(bytes) = std::fs::read_to_string(&status_file).ok().and_then(|text| high_water(&text)) {
            peak_bytes = peak_bytes.max(bytes);
        }
        if let Some(status) = child.try_wait().map_err(|error| fail(&error))? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let seconds = start.elapsed().as_secs_f64();
    let output = out.join().unwrap_or_default();
    let said = err.join().unwrap_or_default();
    if !status.success() {
        return Err(fail(&format!("{status}: {}", said.trim())));
    }
    Ok(Usage { seconds, peak_bytes, output })
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The line `VmHWM:   12345 kB`, in bytes.
fn high_water(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_read() {
        assert_eq!(high_water("Name:\tbm\nVmHWM:\t    2048 kB\n"), Some(2_097_152.0));
        assert_eq!(high_water("Name:\tbm\n"), None);
    }

    #[test]
    fn output_and_failure_come_back() {
        let usage = run(Command::new("sh").args(["-c", "echo hello"])).unwrap();
        assert_eq!(usage.output, "hello\n");
        assert!(usage.seconds > 0.0);
        let failed = run(Command::new("sh").args(["-c", "echo why >&2; exit 3"]));
        assert!(failed.unwrap_err().to_string().contains("why"));
    }
}
