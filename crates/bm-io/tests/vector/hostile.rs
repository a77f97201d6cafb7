//! Damaged and malicious files: an error or an answer, never a panic, never memory for a count that is not there.

use crate::{bytes, read_text};
use bm_io::vector::{VectorOptions, read_features_bytes, wkb};

/// Every beginning of the file and every byte of it changed.
fn torment(name: &str, stride: usize) {
    let whole = bytes(name);
    for skip_invalid in [false, true] {
        let options = VectorOptions { skip_invalid, ..VectorOptions::default() };
        for end in (0..whole.len()).step_by(stride) {
            let _ = read_features_bytes(&whole[..end], name, &options);
        }
        let mut changed = whole.clone();
        for i in (0..whole.len()).step_by(stride) {
            for flip in [0x01, 0x80, 0xff, whole[i].wrapping_neg()] {
                changed[i] = whole[i] ^ flip;
                let _ = read_features_bytes(&changed, name, &options);
            }
            changed[i] = whole[i];
        }
    }
}

#[test]
fn damaged_wkb() {
    torment("every.wkb", 1);
    torment("every-big-endian.wkb", 1);
    torment("high.ewkb", 1);
    torment("zm.wkb", 1);
    torment("three-hex.txt", 1);
}

#[test]
fn damaged_json() {
    torment("three.topojson", 1);
    torment("three-plain.topojson", 1);
    torment("three.geojson", 1);
}

#[test]
#[cfg(feature = "flatgeobuf")]
fn damaged_flatgeobuf() {
    torment("three.fgb", 1);
    torment("three-plain.fgb", 1);
    torment("high.fgb", 1);
}

/// Every byte of the geometries, and of the pages of the database now and then.
#[test]
#[cfg(feature = "gpkg")]
fn damaged_geopackage() {
    use bm_io::vector::gpkg::decode_geometry;
    // With and without an envelope, in either byte order.
    let blobs = crate::three().map(|g| {
        let body = wkb::encode(&g);
        let plain = [&b"GP\0\x01\xe6\x10\0\0"[..], &body].concat();
        let boxed = [&b"GP\0\x02\0\0\x10\xe6"[..], &[0; 32], &body].concat();
        [plain, boxed]
    });
    for blob in blobs.into_iter().flatten() {
        assert_eq!(decode_geometry(&blob, "x").unwrap().srid, 4326);
        for end in 0..blob.len() {
            assert!(decode_geometry(&blob[..end], "x").is_err(), "{end}");
        }
        for i in 0..blob.len() {
            for flip in 1..=255 {
                let mut changed = blob.clone();
                changed[i] ^= flip;
                let _ = decode_geometry(&changed, "x");
            }
        }
    }
    // A prime, so that all parts of pages and cells are met.
    torment("three.gpkg", 97);
}

#[test]
#[cfg(feature = "flatgeobuf")]
fn flatgeobuf_cut_off() {
    for name in ["three.fgb", "three-plain.fgb"] {
        let whole = bytes(name);
        for end in 0..whole.len() {
            let said = read_features_bytes(&whole[..end], "x.fgb", &VectorOptions::default()).unwrap_err();
            assert!(said.is_bad_input(), "{said}");
        }
    }
}

#[test]
fn a_beginning_is_told_from_the_whole() {
    // Where geometries end, a beginning is a sound file of fewer of them.
    for name in ["three.ewkb", "zm.wkb", "three-hex.txt", "three.geojson", "three.topojson"] {
        let whole = bytes(name);
        let all = read_features_bytes(&whole, name, &VectorOptions::default()).unwrap().features;
        for end in 0..whole.len() {
            match read_features_bytes(&whole[..end], name, &VectorOptions::default()) {
                Ok(read) => assert!(
                    all.starts_with(&read.features)
                        && (read.features.len() < all.len() || whole[end..].trim_ascii().is_empty()),
                    "{name} up to {end}"
                ),
                Err(e) => assert!(e.is_bad_input(), "{e}"),
            }
        }
    }
}

#[test]
fn counts_that_are_not_there() {
    for kind in 2..=7_u8 {
        for count in [1_u32, 0x7fff_ffff, u32::MAX] {
            for little in [true, false] {
                let mut bytes = vec![u8::from(little)];
                bytes.extend(if little {
                    u32::from(kind).to_le_bytes()
                } else {
                    u32::from(kind).to_be_bytes()
                });
                bytes.extend(if little { count.to_le_bytes() } else { count.to_be_bytes() });
                let said = wkb::decode(&bytes, "x").unwrap_err().to_string();
                assert!(said.contains(&format!("{count} ")) && said.contains("byte 5"), "{said}");
                // Where the length is not known before the end, too.
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                let said = read_text(&hex, &VectorOptions::default()).unwrap_err().to_string();
                assert!(said.contains("ends within"), "{said}");
            }
        }
    }
}

#[test]
fn nesting() {
    // Collections in collections.
    let mut bytes: Vec<u8> = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100_000);
    bytes.extend([1, 7, 0, 0, 0, 0, 0, 0, 0]);
    let said = wkb::decode(&bytes, "x").unwrap_err().to_string();
    assert!(said.contains("nested deeper"), "{said}");
    for (open, close) in [
        ("[", "]"),
        (r#"{"type":"GeometryCollection","geometries":["#, "]}"),
        (r#"{"type":"Feature","geometry":null,"properties":{"a":"#, "}}"),
    ] {
        let text =
            format!(r#"{{"type":"Point","coordinates":{}1{}}}"#, open.repeat(100_000), close.repeat(100_000));
        assert!(read_text(&text, &VectorOptions::default()).is_err());
        let text = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        assert!(read_text(&text, &VectorOptions::default()).is_err());
    }
    let text = format!(r#"{{"type":"Polygon","coordinates":{}1,2{}}}"#, "[".repeat(6), "]".repeat(6));
    let said = read_text(&text, &VectorOptions::default()).unwrap_err().to_string();
    assert!(said.contains("nested deeper"), "{said}");
}

#[test]
fn an_arc_used_without_end() {
    let arc = "[0,0],".repeat(1000);
    let uses = "0,".repeat(100_000);
    let text = format!(
        r#"{{"type":"Topology","arcs":[[{}]],"objects":{{"a":{{"type":"LineString","arcs":[{}]}}}}}}"#,
        arc.trim_end_matches(','),
        uses.trim_end_matches(',')
    );
    let said = read_text(&text, &VectorOptions::default()).unwrap_err().to_string();
    assert!(said.contains("64 times"), "{said}");
}

#[test]
fn numbers_of_arcs() {
    for index in [
        "9007199254740993",
        "-9223372036854775808",
        "-9223372036854775809",
        "1e300",
        "-2",
        "1",
        "0.5",
        "null",
    ] {
        let text = format!(
            r#"{{"type":"Topology","arcs":[[[0,0],[1,1]]],"objects":{{"a":{{"type":"LineString","arcs":[{index}]}}}}}}"#
        );
        assert!(read_text(&text, &VectorOptions::default()).is_err(), "{index}");
    }
}
