//! What a picture shows, pixel by pixel where it matters.

use super::*;
use crate::error::IoError;

fn grid(heights: &[f32], width: usize) -> SurfaceGrid<'_> {
    SurfaceGrid {
        width,
        height: heights.len() / width,
        south: 0.0,
        step_lon: 0.01,
        step_lat: 0.01,
        wraps: false,
        heights_m: heights,
        cover: None,
    }
}

fn brightness(c: Rgb) -> u32 {
    c.iter().map(|&v| u32::from(v)).sum()
}

#[test]
fn level_ground_has_its_plain_tint_and_north_is_up() {
    let h = [-50.0, -50.0, 300.0, 300.0, 300.0, f32::NAN];
    let style = ShadeStyle { relief: 0.0, sea_relief: 0.0, ..ShadeStyle::default() };
    let image = shade(&grid(&h, 2), &style).unwrap();
    assert_eq!(image.get(0, 2), Some(sea_tint(-50.0)));
    assert_eq!(image.get(0, 0), Some(land_tint(300.0)));
    assert_eq!(image.get(1, 0), Some(style.nodata));
    assert_eq!(image.get(2, 0), None);
}

#[test]
fn slopes_that_face_north_west_are_lit() {
    // A ridge along the diagonal: its north-west side must be brighter than its south-east side.
    let n = 9_usize;
    let ridge: Vec<f32> =
        (0..n * n).map(|i| 500.0 - 150.0 * ((i % n) as f32 - (i / n) as f32).abs()).collect();
    let image = shade(&grid(&ridge, n), &ShadeStyle::default()).unwrap();
    let at = |column: usize, row: usize| brightness(image.get(column, n - 1 - row).unwrap());
    assert!(at(2, 5) > at(5, 2) + 60, "{} {}", at(2, 5), at(5, 2));
}

#[test]
fn cover_decides_over_height() {
    let h = [-100.0; 9];
    let mut g = grid(&h, 3);
    let cover = [Cover::Land; 9];
    g.cover = Some(&cover);
    let image = shade(&g, &ShadeStyle::default()).unwrap();
    assert_eq!(image.get(1, 1), Some(land_tint(-100.0)));
    g.cover = Some(&cover[..8]);
    assert!(matches!(shade(&g, &ShadeStyle::default()), Err(IoError::Argument { .. })));
}

#[test]
fn sections_show_cells_legend_and_unknown_materials() {
    let materials = [
        MaterialKey { id: 1, name: "granite", rgb: [200, 90, 90] },
        MaterialKey { id: 2, name: "water", rgb: [40, 90, 200] },
    ];
    let cells = [1, 1, 1, 1, 2, 2, 1, 9];
    let mut s = SectionPicture {
        columns: 4,
        rows: 2,
        cells: &cells,
        bottom_m: -2000.0,
        top_m: 0.0,
        length_m: 40_000.0,
        along: Along::Distance,
        materials: &materials,
        title: "Two rows",
    };
    let sheet = draw_section(&s, 400, 200).unwrap();
    let count = |c: Rgb| sheet.rgb.as_chunks::<3>().0.iter().filter(|p| **p == c).count();
    // Plot cells are 100 by 100 pixels; the legend adds a swatch of 22 by 16 each.
    assert_eq!(count([200, 90, 90]), 5 * 10_000 + 22 * 16);
    assert_eq!(count([40, 90, 200]), 2 * 10_000 + 22 * 16);
    for along in [Along::Longitude(170.0, 190.0), Along::Longitude(10.0, -10.0), Along::Latitude(-5.0, 5.0)] {
        s.along = along;
        assert!(draw_section(&s, 300, 100).is_ok());
    }
    s.rows = 3;
    assert!(matches!(draw_section(&s, 400, 200), Err(IoError::Argument { .. })));
    let slice = SlicePicture {
        columns: 4,
        rows: 2,
        cells: &cells,
        window: [-10.0, 40.0, 10.0, 50.0],
        altitude_m: -12_500.0,
        materials: &materials,
        title: "Slice",
    };
    assert!(draw_slice(&slice, 400, 200).unwrap().width > 400);
    assert!(draw_slice(&SlicePicture { window: [1.0, 0.0, 1.0, 2.0], ..slice }, 9, 9).is_err());
}

fn decode(bytes: &[u8]) -> Result<(png::OutputInfo, Vec<u8>), png::DecodingError> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let info = reader.next_frame(&mut pixels)?;
    Ok((info, pixels))
}

#[test]
fn png_files_hold_the_pixels() {
    let mut image = Image::new(5, 3, [9, 8, 7]).unwrap();
    image.put(4, 2, [255, 0, 1]);
    let (info, pixels) = decode(&encode_png(&image).unwrap()).unwrap();
    assert_eq!((info.width, info.height, pixels), (5, 3, image.rgb.clone()));
    let palette = [[1, 2, 3], [4, 5, 6]];
    let (_, pixels) = decode(&encode_png_palette(2, 1, &[1, 0], &palette).unwrap()).unwrap();
    assert_eq!(pixels, [4, 5, 6, 1, 2, 3]);
    assert!(encode_png_palette(2, 1, &[2, 0], &palette).is_err());
    assert!(encode_png_palette(3, 1, &[1, 0], &palette).is_err());
    assert!(encode_png_palette(0, 0, &[], &palette).is_err());
    image.rgb.pop();
    assert!(encode_png(&image).is_err());
    let dir = tempfile::tempdir().unwrap();
    assert!(write_png(dir.path().join("x.png"), &image).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[cfg(feature = "bundled")]
#[test]
fn the_earth_has_its_continents_where_they_belong() {
    let earth = crate::bundled::bundled_etopo20().unwrap();
    let image = surface_of(&earth, 360, 180, &ShadeStyle::default()).unwrap();
    let at = |lon: f64, lat: f64| image.get((lon + 180.0) as usize, (90.0 - lat) as usize).unwrap();
    let blue = |c: Rgb| c[2] > c[0].saturating_add(20);
    for (lon, lat) in [(-150.0, 0.0), (-30.0, 0.0), (75.0, -20.0), (5.0, 38.5)] {
        assert!(blue(at(lon, lat)), "sea at {lon} {lat}: {:?}", at(lon, lat));
    }
    for (lon, lat) in [(-100.0, 45.0), (20.0, 0.0), (135.0, -25.0), (100.0, 60.0), (-60.0, -10.0)] {
        assert!(!blue(at(lon, lat)), "land at {lon} {lat}: {:?}", at(lon, lat));
    }
    let frame = MapFrame {
        west: -180.0,
        south: -90.0,
        east: 180.0,
        north: 90.0,
        title: "Earth",
        note: "",
        heights_m: earth.range_m(),
    };
    assert!(frame_map(&image, &frame).unwrap().width > 360);
    assert!(frame_map(&image, &MapFrame { east: -180.0, ..frame }).is_err());
    assert!(surface_window(&earth, [0.0, 0.0, 0.0, 1.0], 10, 10, &ShadeStyle::default()).is_err());
}
