//! Places on standard input.

use crate::support::{bm_with, tiny};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

#[test]
fn bad_lines_are_named_and_the_rest_go_on() {
    let input = b"lon,lat,alt\n45,45,1000\nnonsense\n\n-150,-30,-2000\n0,99,0\n0,0,nan\n";
    for options in ["--stdin", "--stdin --json"] {
        let ran = bm_with(tiny(), &format!("query tiny.bm {options}"), input);
        assert_eq!(ran.code, 2, "{}", ran.err);
        let lines = ran.json_lines();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0]["material"], json!({ "id": 20, "name": "upper crust" }));
        assert_eq!(
            (&lines[0]["level"], &lines[0]["exact"], &lines[0]["source"]),
            (&json!(28), &json!(true), &json!("strata"))
        );
        assert_eq!(lines[0]["version"], 1);
        assert_eq!(lines[2]["material"]["name"], "seawater");
        for (at, number) in [(1, 3), (3, 6), (4, 7)] {
            assert_eq!(lines[at]["line"], number);
            assert!(lines[at]["error"].is_string());
        }
    }
}

#[test]
fn json_lines_and_levels() {
    let input = b"{\"lon\":0,\"lat\":0,\"alt\":9000}\n{\"x\":1,\"y\":1,\"z\":30000000}\n";
    let ran = bm_with(tiny(), "query tiny.bm --stdin --level 20", input).good();
    let lines = ran.json_lines();
    assert_eq!((&lines[0]["material"]["name"], &lines[0]["level"]), (&json!("air"), &json!(20)));
    assert_eq!(lines[1]["material"]["name"], "outer core");
    assert_eq!(bm_with(tiny(), "query tiny.bm --stdin", b"").good().out, "");
}

#[test]
fn many_lines_come_back_in_order() {
    let n = 200_000;
    let input: String = (0..n).map(|i| if i % 2 == 0 { "45,45,1000\n" } else { "45,45,9000\n" }).collect();
    let ran = bm_with(tiny(), "query tiny.bm --stdin", input.as_bytes()).good();
    let mut seen = 0;
    for (i, line) in ran.out.lines().enumerate() {
        assert_eq!(line.contains("air"), i % 2 == 1, "{i}");
        seen += 1;
    }
    assert_eq!(seen, n);
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bm"))
        .args(["query", "tiny.bm", "--stdin"])
        .current_dir(tiny())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bm runs");
    let mut to = child.stdin.take().expect("piped");
    let mut from = BufReader::new(child.stdout.take().expect("piped"));
    for alt in [1000, 9000, -5000] {
        writeln!(to, "45,45,{alt}").expect("written");
        let mut line = String::new();
        from.read_line(&mut line).expect("an answer");
        assert_eq!(line.contains("air"), alt == 9000, "{line}");
    }
    drop(to);
    assert!(child.wait().expect("ends").success());
}

#[test]
fn whoever_stops_reading_is_not_scolded() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bm"))
        .args(["query", "tiny.bm", "--stdin"])
        .current_dir(tiny())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bm runs");
    let mut to = child.stdin.take().expect("piped");
    drop(child.stdout.take());
    let writer = std::thread::spawn(move || {
        for _ in 0..10_000 {
            // Fails once the program has gone.
            if to.write_all(b"45,45,1000\n45,45,1000\n45,45,1000\n").is_err() {
                break;
            }
        }
    });
    let mut err = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
    writer.join().expect("no panic");
    assert!(child.wait().expect("ends").success());
    assert_eq!(err, "");
}
