//! Filling depressions.

use std::cell::RefCell;
use std::path::Path;

use bm_process::field::Field;
use bm_process::route::{Rim, RouteError, fill, fill_with_gradient};

use super::{ours, peer};
use crate::harness::{Bench, BenchError, Case as Row, Measure, Targets, Unit};
use crate::inputs::terrain::Case;
use crate::peers::terrain::Kind;

type Filling = fn(&mut Field, &Rim, usize) -> Result<(), RouteError>;

pub(super) fn run(bench: &mut Bench<'_>, name: &str, case: &Case, folder: &Path) -> Result<(), BenchError> {
    let Some(terrain) = peer(bench, Kind::Richdem, case, folder)? else { return Ok(()) };
    let terrain = RefCell::new(terrain);
    let kinds: [(&str, Filling, Targets); 2] = [
        ("fill", fill, Targets { at_least: Some(1.5), aim: Some(4.0) }),
        ("gradient", fill_with_gradient, Targets::default()),
    ];
    for (part, filling, targets) in kinds {
        let mut filled = case.ground.clone();
        filling(&mut filled, &Rim::default(), 1).map_err(ours)?;
        terrain.borrow_mut().part(part)?;
        let theirs = terrain.borrow_mut().get(part)?;
        let equal = filled.values.iter().map(|z| z.to_bits()).eq(theirs.iter().map(|z| z.to_bits()));
        let mut work = |threads: usize| {
            filled.values.copy_from_slice(&case.ground.values);
            filling(&mut filled, &Rim::default(), threads)
        };
        let cpu = || Measure::given(|| Ok(terrain.borrow_mut().part(part)?.cpu));
        let wall = || Measure::given(|| Ok(terrain.borrow_mut().part(part)?.wall));
        let kind = Kind::Richdem.name();
        bench.run(
            Row::new(format!("{part}-{name}"), Unit::Seconds, Measure::one_thread(1, || work(1)))
                .peer_with(kind, cpu(), equal, targets)
                .rounds(15),
        )?;
        bench.run(
            Row::new(format!("{part}-{name}-2t"), Unit::Seconds, Measure::timed(1, || work(2)))
                .peer(kind, wall(), equal)
                .rounds(15),
        )?;
    }
    Ok(())
}
