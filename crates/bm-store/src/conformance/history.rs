//! What [`PageStore::snapshot_at`] and [`PageStore::retire`] must do, against a list of every version there was.

use super::{Model, Rng, content, page_id, payload};
use crate::{Batch, PageRange, PageStore, Snapshot, StoreError};
use bm_core::{ErrorKind, PageId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// Everything a version holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Its pages.
    pub pages: Model,
    /// Its named records.
    pub metas: BTreeMap<String, Vec<u8>>,
}

/// Every version of a store, by number, and the oldest that must be readable.
#[derive(Clone, Debug)]
pub struct Versions {
    /// By number.
    pub all: Vec<Version>,
    /// The oldest that has to be readable.
    pub oldest: u64,
}

impl Default for Versions {
    fn default() -> Self {
        Self { all: vec![Version::default()], oldest: 0 }
    }
}

impl Versions {
    /// Number of the newest version.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.all.len() as u64 - 1
    }

    /// What a batch makes of the newest version.
    pub fn commit(&mut self, batch: &Batch) {
        let mut next = self.all.last().cloned().unwrap_or_default();
        for (&id, payload) in &batch.pages {
            match payload {
                Some(payload) => drop(next.pages.insert(id, payload.clone())),
                None => drop(next.pages.remove(&id)),
            }
        }
        for (name, payload) in &batch.metas {
            match payload {
                Some(payload) => drop(next.metas.insert(name.clone(), payload.clone())),
                None => drop(next.metas.remove(name)),
            }
        }
        self.all.push(next);
        if !batch.keep {
            self.oldest = self.newest();
        }
    }

    /// What [`PageStore::retire`] makes of it.
    pub fn retire(&mut self, before: u64) {
        self.oldest = self.oldest.max(before.min(self.newest()));
    }

    /// Pages and bytes that a store has to keep for the versions that are readable.
    #[must_use]
    pub fn kept(&self) -> (u64, u64) {
        let readable = &self.all[self.oldest as usize..];
        let (mut pages, mut bytes) = (0, 0);
        for pair in readable.windows(2) {
            let ids: BTreeSet<_> = pair[0].pages.keys().chain(pair[1].pages.keys()).collect();
            for id in ids.into_iter().filter(|id| pair[0].pages.get(id) != pair[1].pages.get(id)) {
                pages += 1;
                bytes += pair[0].pages.get(id).map_or(0, Vec::len) as u64;
            }
            let gone = pair[0].metas.iter().filter(|(name, old)| pair[1].metas.get(*name) != Some(old));
            bytes += gone.map(|(_, old)| old.len() as u64).sum::<u64>();
        }
        (pages, bytes)
    }

    /// Reads a version in every way there is.
    pub fn check_snapshot(&self, snapshot: &dyn Snapshot) {
        let v = snapshot.version();
        let Version { pages, metas } = &self.all[v as usize];
        assert_eq!(content(snapshot).unwrap(), *pages, "scan of version {v}");
        // Also what it does not have and others do.
        let all: BTreeSet<PageId> = self.all.iter().flat_map(|v| v.pages.keys().copied()).collect();
        let ids: Vec<PageId> = all.into_iter().rev().chain([PageId::ROOT, page_id(2_000_000)]).collect();
        for (id, got) in ids.iter().zip(snapshot.get_many(&ids).unwrap()) {
            assert_eq!(got.as_deref(), pages.get(id).map(Vec::as_slice), "get_many {id} of version {v}");
        }
        for &id in ids.iter().step_by(1 + ids.len() / 40) {
            assert_eq!(snapshot.get(id).unwrap().as_deref(), pages.get(&id).map(Vec::as_slice), "get {id}");
            assert_eq!(snapshot.page(id).unwrap().as_ref(), pages.get(&id), "page {id}");
        }
        if let [.., last, first] = ids[..ids.len() - 2] {
            let mut want = pages.range(first..=last).take(5);
            snapshot
                .scan(PageRange::new(first..=last), &mut |id, bytes| {
                    let Some((want_id, want)) = want.next() else { return ControlFlow::Break(()) };
                    assert_eq!((id, &bytes[..]), (*want_id, &want[..]), "part of version {v}");
                    ControlFlow::Continue(())
                })
                .unwrap();
        }
        let names = snapshot.meta_names().unwrap();
        assert_eq!(names, metas.keys().cloned().collect::<Vec<_>>(), "names of version {v}");
        for name in self.all.iter().flat_map(|v| v.metas.keys()).collect::<BTreeSet<_>>() {
            assert_eq!(snapshot.meta(name).unwrap().as_ref(), metas.get(name), "{name} of version {v}");
        }
    }

    /// Checks the versions that are readable (every `step`th of them), and that others are refused as they should be.
    pub fn check(&self, store: &impl PageStore, step: usize) {
        let (oldest, newest) = (self.oldest, self.newest());
        assert_eq!(store.oldest().unwrap(), oldest);
        for version in (oldest..=newest).rev().step_by(step) {
            let then = store.snapshot_at(version).unwrap();
            assert_eq!(then.version(), version);
            self.check_snapshot(&*then);
        }
        let never = store.snapshot_at(newest + 1).map(drop).unwrap_err();
        let told = |e: &StoreError| matches!(e, StoreError::NoSuchVersion { version, newest: n } if (*version, *n) == (newest + 1, newest));
        assert!(told(&never) && never.kind() == ErrorKind::BadInput, "{never:?}");
        if oldest > 0 {
            let gone = store.snapshot_at(oldest - 1).map(drop).unwrap_err();
            let told = |e: &StoreError| matches!(e, StoreError::Retired { version, oldest: o } if (*version, *o) == (oldest - 1, oldest));
            assert!(told(&gone) && gone.kind() == ErrorKind::BadInput, "{gone:?}");
        }
        let stats = store.stats().unwrap();
        assert_eq!(stats.version, newest);
        assert_eq!((stats.history_pages, stats.history_bytes), self.kept(), "pages and bytes of history");
    }
}

/// The rules, one by one.
pub(super) fn rules(store: &impl PageStore) {
    let id = page_id(4);
    let put =
        |text: &str, keep: bool| Batch::new().put(id, text).put_meta("m", text).keep_history(keep).clone();
    let text_at = |v: u64| store.snapshot_at(v).unwrap().get(id).unwrap().map(|p| p.to_vec());
    assert_eq!(store.oldest().unwrap(), 0);
    store.commit(put("one", true)).unwrap();
    store.commit(put("two", true)).unwrap();
    store.commit(Batch::new().delete(id).keep_history(true).clone()).unwrap();
    store.commit(Batch::new().delete(id).keep_history(true).clone()).unwrap();
    let told: Vec<_> = (0..=4).map(text_at).collect();
    assert_eq!(told, [None, Some(b"one".to_vec()), Some(b"two".to_vec()), None, None]);
    assert_eq!(store.snapshot_at(0).unwrap().meta("m").unwrap(), None);
    assert_eq!(store.snapshot_at(1).unwrap().meta("m").unwrap().as_deref(), Some(&b"one"[..]));
    assert!(store.snapshot_at(0).unwrap().meta_names().unwrap().is_empty());
    let stats = store.stats().unwrap();
    assert_eq!((stats.history_pages, stats.history_bytes, stats.pages), (3, 9, 0));
    // The same again is no change and costs nothing.
    store.commit(put("two", true)).unwrap();
    store.commit(put("two", true)).unwrap();
    assert_eq!((text_at(4), text_at(5), text_at(6)), (None, Some(b"two".to_vec()), Some(b"two".to_vec())));
    assert_eq!(store.stats().unwrap().history_pages, 4);

    // A snapshot that is held outlives its version; the version of the store stays.
    let held = store.snapshot_at(1).unwrap();
    assert_eq!(store.retire(2).unwrap(), 6, "page and record of version 1");
    assert_eq!((store.oldest().unwrap(), store.snapshot().unwrap().version()), (2, 6));
    assert!(matches!(store.snapshot_at(1), Err(StoreError::Retired { version: 1, oldest: 2 })));
    assert_eq!(held.get(id).unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(text_at(2), Some(b"two".to_vec()));
    assert_eq!((store.retire(2).unwrap(), store.retire(0).unwrap()), (0, 0), "retired already");
    assert_eq!(store.retire(u64::MAX).unwrap(), 3);
    assert_eq!(store.oldest().unwrap(), 6, "the newest always stays");
    assert_eq!(store.stats().unwrap().history_pages, 0);

    // A commit that keeps nothing ends the history, whatever it touches.
    store.commit(put("three", true)).unwrap();
    assert_eq!((store.oldest().unwrap(), text_at(6)), (6, Some(b"two".to_vec())));
    store.commit(Batch::new()).unwrap();
    assert_eq!(store.oldest().unwrap(), 8);
    assert!(matches!(store.snapshot_at(7), Err(StoreError::Retired { version: 7, oldest: 8 })));
    let stats = store.stats().unwrap();
    assert_eq!((stats.history_pages, stats.history_bytes), (0, 0));
    assert!(matches!(store.snapshot_at(9), Err(StoreError::NoSuchVersion { version: 9, newest: 8 })));
}

/// A batch as a consolidation might make it: few pages or many, some of them large, some the same as before.
pub fn random_batch(rng: &mut Rng, now: &Version, span: u64) -> Batch {
    let mut batch = Batch::new();
    let changes = if rng.below(6) == 0 { 30 + rng.below(300) } else { rng.below(8) };
    for _ in 0..changes {
        let id = page_id(rng.below(span) as u32);
        let len = match rng.below(60) {
            0 => rng.below(70_000),
            1..=4 => rng.below(14_000),
            _ => rng.below(500),
        };
        match (rng.below(8), now.pages.get(&id)) {
            (0 | 1, _) => batch.delete(id),
            (2, Some(same)) => batch.put(id, same.clone()),
            _ => batch.put(id, payload(rng.below(1 << 40), len as usize)),
        };
    }
    for n in 0..3 {
        match rng.below(8) {
            0..=3 => batch.put_meta(format!("m{n}"), payload(rng.below(3), 20)),
            4 => batch.delete_meta(format!("m{n}")),
            _ => &mut batch,
        };
    }
    batch.keep_history(rng.below(25) != 0);
    batch
}

/// A random life of a store with a history, beside a list of all its versions: commits that keep what they replace
/// and a few that do not, versions retired, snapshots of old versions held, and now and then, with no snapshot held,
/// `between` (closing and opening, say). Gives the store at its end.
pub fn history_run<S: PageStore>(
    mut store: S,
    seed: u64,
    commits: u64,
    between: &mut dyn FnMut(S) -> S,
) -> S {
    let mut rng = Rng::new(seed);
    let mut versions = Versions::default();
    let mut held = Vec::new();
    let span = 20 + rng.below(400);
    for _ in 0..commits {
        let batch = random_batch(&mut rng, &versions.all[versions.newest() as usize], span);
        versions.commit(&batch);
        assert_eq!(store.commit(batch).unwrap(), versions.newest(), "seed {seed}");
        let any = versions.oldest + rng.below(versions.newest() - versions.oldest + 1);
        versions.check_snapshot(&*store.snapshot_at(any).unwrap());
        if rng.below(4) == 0 {
            held.push(store.snapshot_at(any).unwrap());
        }
        if rng.below(6) == 0 {
            let before = versions.oldest + rng.below(versions.newest() - versions.oldest + 3) / 2;
            let kept = versions.kept().1;
            versions.retire(before);
            assert_eq!(store.retire(before).unwrap(), kept - versions.kept().1, "seed {seed}");
            versions.check(&store, 7);
        }
        if rng.below(9) == 0 {
            for snapshot in held.drain(..) {
                versions.check_snapshot(&*snapshot);
            }
            store = between(store);
            versions.check(&store, 3);
        }
    }
    drop(held);
    versions.check(&store, 1);
    let mut problems = Vec::new();
    let report = store.verify(&mut |p| problems.push(p), &mut |_, _| {}).unwrap();
    assert_eq!(report.problems, 0, "seed {seed}: {problems:?}");
    assert!(report.history_checked >= versions.kept().0, "seed {seed}: {report:?}");
    store
}
