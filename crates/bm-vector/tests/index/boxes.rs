//! Boxes that come and go, against a list.

use bm_vector::index::DynamicIndex;
use geo_types::{Coord, Rect, coord};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Insert(Rect<f64>),
    Extend(Vec<Rect<f64>>),
    /// The item at this share of the list.
    Remove(f64),
    /// Everything whose number leaves no rest.
    RemoveWhere(u32),
    Window(Rect<f64>),
    Nearest(Coord<f64>),
    Snapshot,
}

fn rect() -> impl Strategy<Value = Rect<f64>> {
    let lattice = (0..50_i32, 0..50_i32, 0..5_i32, 0..5_i32).prop_map(|(x, y, w, h)| {
        let c = |v: i32| f64::from(v) * 0.1;
        Rect::new(coord! { x: c(x), y: c(y) }, coord! { x: c(x + w), y: c(y + h) })
    });
    let any = (0.0..5.0, 0.0..5.0, 0.0..0.5, 0.0..0.5)
        .prop_map(|(x, y, w, h)| Rect::new(coord! { x: x, y: y }, coord! { x: x + w, y: y + h }));
    prop_oneof![lattice, any]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => rect().prop_map(Step::Insert),
        2 => prop::collection::vec(rect(), 0..300).prop_map(Step::Extend),
        8 => (0.0..1.0).prop_map(Step::Remove),
        1 => (2..9_u32).prop_map(Step::RemoveWhere),
        4 => rect().prop_map(Step::Window),
        3 => (0.0..5.0, 0.0..5.0).prop_map(|(x, y)| Step::Nearest(coord! { x: x, y: y })),
        1 => Just(Step::Snapshot),
    ]
}

fn meets(a: &Rect<f64>, b: &Rect<f64>) -> bool {
    a.min().x <= b.max().x && a.max().x >= b.min().x && a.min().y <= b.max().y && a.max().y >= b.min().y
}

type List = Vec<(Rect<f64>, u32)>;

/// The index and the list agree on everything they can be asked.
fn agree(index: &DynamicIndex<u32>, list: &List, window: &Rect<f64>) -> Result<(), TestCaseError> {
    prop_assert_eq!(index.len(), list.len());
    let (mut sure, mut all) = (Vec::new(), Vec::new());
    index.search(window, |&item, is_sure| {
        all.push(item);
        if is_sure {
            sure.push(item);
        }
    });
    let find = |item: u32| list.iter().find(|(_, i)| *i == item).map(|(b, _)| *b);
    // What is sure is right, what is missing is rightly missing, and doubt arises at edges only.
    for &item in &sure {
        prop_assert!(find(item).is_some_and(|b| meets(&b, window)));
    }
    let mut exact: Vec<u32> =
        all.iter().copied().filter(|&i| find(i).is_some_and(|b| meets(&b, window))).collect();
    exact.sort_unstable();
    let mut wanted: Vec<u32> = list.iter().filter(|(b, _)| meets(b, window)).map(|(_, i)| *i).collect();
    wanted.sort_unstable();
    prop_assert_eq!(exact, wanted);
    let step = 1e-6;
    let wide =
        Rect::new(window.min() - coord! { x: step, y: step }, window.max() + coord! { x: step, y: step });
    prop_assert!(all.iter().all(|&i| find(i).is_some_and(|b| meets(&b, &wide))));
    let mut items: Vec<u32> = index.iter().copied().collect();
    items.sort_unstable();
    let mut wanted: Vec<u32> = list.iter().map(|(_, i)| *i).collect();
    wanted.sort_unstable();
    prop_assert_eq!(items, wanted);
    Ok(())
}

fn nearest(index: &DynamicIndex<u32>, list: &List, p: Coord<f64>) -> Result<(), TestCaseError> {
    let scale = [3.0, 2.0];
    let distance = |b: &Rect<f64>| {
        let gap = |lo: f64, hi: f64, v: f64| (lo - v).max(v - hi).max(0.0);
        let (x, y) = (gap(b.min().x, b.max().x, p.x), gap(b.min().y, b.max().y, p.y));
        (x * scale[0]).hypot(y * scale[1])
    };
    let wanted = list.iter().map(|(b, _)| distance(b)).fold(f64::INFINITY, f64::min);
    let mut best = f64::INFINITY;
    index.nearest(p, scale, f64::INFINITY, |item| {
        let b = list.iter().find(|(_, i)| i == item).map(|(b, _)| *b);
        best = best.min(b.map_or(-1.0, |b| distance(&b)));
        best
    });
    prop_assert_eq!(best, wanted);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_history_is_a_list(steps in prop::collection::vec(step(), 1..60)) {
        let mut index = DynamicIndex::new();
        let mut list: List = Vec::new();
        let mut snapshots = Vec::new();
        let mut next = 0;
        let mut number = || { next += 1; next };
        for step in steps {
            match step {
                Step::Insert(b) => {
                    let item = number();
                    index.insert(&b, item);
                    list.push((b, item));
                }
                Step::Extend(more) => {
                    let more: List = more.into_iter().map(|b| (b, number())).collect();
                    index.extend(more.iter().copied());
                    list.extend(more);
                }
                Step::Remove(share) => {
                    let i = (share * list.len() as f64) as usize;
                    if i < list.len() {
                        let (b, item) = list.swap_remove(i);
                        prop_assert!(index.remove(&b, &item));
                        prop_assert!(!index.remove(&b, &item));
                    }
                }
                Step::RemoveWhere(by) => {
                    let before = list.len();
                    list.retain(|(_, i)| i % by != 0);
                    prop_assert_eq!(index.remove_where(|i| i % by == 0), before - list.len());
                }
                Step::Window(w) => agree(&index, &list, &w)?,
                Step::Nearest(p) => nearest(&index, &list, p)?,
                Step::Snapshot => snapshots.push((index.clone(), list.clone())),
            }
        }
        snapshots.push((index, list));
        let all = Rect::new(coord! { x: -1.0, y: -1.0 }, coord! { x: 9.0, y: 9.0 });
        let some = Rect::new(coord! { x: 1.0, y: 1.0 }, coord! { x: 2.0, y: 2.5 });
        for (index, list) in &snapshots {
            agree(index, list, &all)?;
            agree(index, list, &some)?;
        }
    }
}

#[test]
fn trees_stay_few_and_dead_boxes_go() {
    let unit = |i: u32| {
        let c = coord! { x: f64::from(i % 100), y: f64::from(i / 100) };
        Rect::new(c, c + coord! { x: 0.5, y: 0.5 })
    };
    let mut index = DynamicIndex::new();
    for i in 0..20_000 {
        index.insert(&unit(i), i);
        assert!(1 << index.runs() <= i / 32 + 2, "{} trees for {i} boxes", index.runs());
    }
    let full = index.memory_bytes();
    for i in 0..19_000 {
        assert!(index.remove(&unit(i), &i));
    }
    assert_eq!(index.len(), 1000);
    assert!(index.memory_bytes() * 8 < full, "{} of {full} bytes are left", index.memory_bytes());
}

#[test]
fn a_search_may_search() {
    let unit =
        |i: u32| Rect::new(coord! { x: f64::from(i), y: 0.0 }, coord! { x: f64::from(i) + 1.5, y: 1.0 });
    let index = DynamicIndex::bulk_load((0..1000).map(|i| (unit(i), i)));
    let mut pairs = 0;
    let all = Rect::new(coord! { x: 0.0, y: 0.0 }, coord! { x: 2000.0, y: 1.0 });
    index.search(&all, |&i, _| index.search(&unit(i), |&j, _| pairs += u32::from(i < j)));
    assert_eq!(pairs, 999);
}
