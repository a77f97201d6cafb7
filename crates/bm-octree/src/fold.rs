//! Edits into pages: what a draft's edits come to, page by page.
//!
//! The bytes that result depend on two things alone: the bases that were put, and the material of every voxel.
//! Not on the order of the edits, on how they were grouped, or on what was there in between:
//!
//! - A cell of a page tier is in one of four states: left to its base; one material throughout (an *exception* of
//!   the page above); a *page* of its own that says what differs inside; or a page with a base of its own, which
//!   edits never take away.
//! - Exceptions say only what differs from the base function, whose ancestors' exceptions do not count. Voxels are
//!   compared exactly; a coarser sub-cell vanishes if bounds, or a look at its columns, show that the base is its
//!   material throughout ([`Origin::is_all`]).
//! - A page that inherits, has no pages below, and turns out to be one material vanishes into an exception above,
//!   all the way up to the sub-cells of the root page. One that differs nowhere vanishes without a trace.
//! - Where a finer page comes to lie in a sub-cell with an exception, the exception moves down into it: it is either
//!   said above or below, never both.
//!
//! So an edit that equals the base leaves nothing ([`Draft::keep_said`](crate::Draft::keep_said) excepted), a box that covers pages becomes runs of the page above, and an
//! edit that is cleared again leaves the bytes from before. (A cell of 4 km or more that equals a rugged base which
//! bounds cannot tell may keep its exception: the answers are the same, the bytes then remember it was said.)
//!
//! The work goes down the tiers once, to hand each page what coarser edits mean for it, and up again, each tier's
//! pages in parallel.

use crate::content::{self, Against, Content, EditRun};
use crate::error::TreeError;
use crate::node::Node;
use crate::origin::Origin;
use crate::parallel;
use crate::tree::{Context, Tree, check_shared, resolve, strata_origin};
use bm_codec::body::{Base, Body};
use bm_codec::exceptions::Exceptions;
use bm_codec::strata::Strata;
use bm_core::page::SUBCELLS;
use bm_core::{MaterialId, PageId, SourceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Edits that wait for [`Draft::finish`](crate::Draft::finish): per page, later over earlier ones.
#[derive(Default)]
pub(crate) struct Pending(BTreeMap<PageId, Vec<EditRun>>);

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets what waits for one page.
    pub(crate) fn forget(&mut self, page: PageId) {
        self.0.remove(&page);
    }

    /// Lays runs over what waits for a page; they end what waits for finer pages inside.
    pub(crate) fn add(&mut self, page: PageId, runs: &[EditRun]) -> Result<(), TreeError> {
        let mut layer = Vec::with_capacity(runs.len());
        let mut end = 0;
        for &(from, to, m) in runs {
            if from >= to || from < end || to > SUBCELLS {
                let detail =
                    format!("edit of sub-cells {from}..{to}: empty, out of order or beyond the page");
                return Err(TreeError::Structure { page, detail });
            }
            content::push(&mut layer, from, to, m.filter(|m| *m != MaterialId::UNSET));
            end = to;
        }
        let mut below = descendants(page, &layer);
        while let Some(range) = below {
            let ids: Vec<PageId> = self.0.range(range.clone()).map(|(id, _)| *id).collect();
            for id in ids {
                if content::at(&layer, sub_in(page, id)).is_some() {
                    self.0.remove(&id);
                }
            }
            below = deeper(range);
        }
        if layer.is_empty() {
            return Ok(());
        }
        match self.0.get_mut(&page) {
            Some(before) => *before = content::overlay(before, &layer, Some),
            None => {
                self.0.insert(page, layer);
            }
        }
        Ok(())
    }
}

/// The pages one tier below within the span of some runs, from the first to the last.
fn descendants(page: PageId, runs: &[EditRun]) -> Option<std::ops::RangeInclusive<PageId>> {
    let (first, last) = (runs.first()?, runs.last()?);
    Some(page.child(first.0)?..=page.child(last.1 - 1)?)
}

/// The pages a tier below those.
fn deeper(range: std::ops::RangeInclusive<PageId>) -> Option<std::ops::RangeInclusive<PageId>> {
    Some(range.start().child(0)?..=range.end().child(SUBCELLS - 1)?)
}

/// The sub-cell of `page` that holds the finer page `id`.
fn sub_in(page: PageId, id: PageId) -> u32 {
    let mut id = id;
    while let Some(up) = id.parent() {
        if up == page {
            break;
        }
        id = up;
    }
    id.sub_index()
}

/// Pages as a draft has them before its edits: its own over the tree's.
pub(crate) struct View<'a> {
    pub(crate) context: &'a Context,
    pub(crate) tree: Option<(&'a Tree, Arc<Node>)>,
    pub(crate) pages: &'a BTreeMap<PageId, Body>,
    pub(crate) removed: &'a BTreeSet<PageId>,
    /// Whether explicit content stays where it equals the base.
    pub(crate) keep_said: bool,
}

impl View<'_> {
    fn stored(&self, id: PageId) -> Result<Option<&Node>, TreeError> {
        match &self.tree {
            Some((tree, root)) => tree.walk(root, id),
            None => Ok(None),
        }
    }

    fn page(&self, id: PageId) -> Result<Option<(&Base, &Exceptions)>, TreeError> {
        if let Some(b) = self.pages.get(&id) {
            return Ok(Some((&b.base, &b.exceptions)));
        }
        if self.removed.contains(&id) {
            return Ok(None);
        }
        Ok(self.stored(id)?.map(|n| (&n.base, &n.exceptions)))
    }

    /// Sub-cells with pages one tier below, ascending.
    fn below(&self, id: PageId) -> Result<Vec<u32>, TreeError> {
        let (Some(first), Some(last)) = (id.child(0), id.child(SUBCELLS - 1)) else { return Ok(Vec::new()) };
        let mut subs: Vec<u32> = match self.stored(id)? {
            Some(n) => n.children.list().iter().map(|c| c.sub).collect(),
            None => Vec::new(),
        };
        if self.removed.range(first..=last).next().is_some() {
            subs.retain(|&s| id.child(s).is_none_or(|c| !self.removed.contains(&c)));
        }
        let known = subs.len();
        subs.extend(self.pages.range(first..=last).map(|(c, _)| c.sub_index()));
        if subs.len() > known {
            subs.sort_unstable();
            subs.dedup();
        }
        Ok(subs)
    }

    fn strata(&self, id: PageId) -> Result<Option<Arc<Strata>>, TreeError> {
        Ok(match self.page(id)? {
            Some((Base::Strata(s), _)) => Some(s.clone()),
            _ => None,
        })
    }

    fn resolve(&self, id: PageId, base: &Base, above: &Arc<Origin>) -> Result<Arc<Origin>, TreeError> {
        let Base::Shared(owner) = base else { return resolve(self.context, id, base, above) };
        check_shared(id, *owner)?;
        match self.strata(*owner)? {
            Some(s) => Ok(strata_origin(s, above, id)),
            None => {
                let detail = format!("shares the columns of {owner}, which has none");
                Err(TreeError::Structure { page: id, detail })
            }
        }
    }
}

/// What coarser content means for a page.
#[derive(Clone, Copy)]
enum Cover {
    /// Nothing.
    Keep,
    /// The page above has this exception here: it holds where the page inherits and says nothing itself.
    Fill(MaterialId),
    /// A coarser edit: all explicit content makes way for this.
    Wipe(Option<MaterialId>),
}

/// A page to go through.
struct Job<'a> {
    id: PageId,
    cover: Cover,
    /// What answers where the page inherits, exceptions aside.
    above: Arc<Origin>,
    /// The draft's edits of this very page.
    layer: &'a [EditRun],
    /// Its pages among the next tier's jobs.
    kids: Range<usize>,
    /// Whether pages stay below that are no jobs.
    others: bool,
}

/// A page while it is gone through.
struct State {
    origin: Arc<Origin>,
    own: bool,
    content: Content,
}

/// What a page came to.
enum Outcome {
    /// A page as it was.
    Same { own: bool },
    /// A page to write.
    Page { body: Body, own: bool },
    /// No page any more, or still none: its cell is this material, or left to the base.
    Gone { content: Option<MaterialId>, was: bool },
}

impl Job<'_> {
    fn start(&self, view: &View<'_>) -> Result<State, TreeError> {
        let page = view.page(self.id)?;
        let base = page.map_or(&Base::Inherit, |p| p.0);
        let own = !matches!(base, Base::Inherit);
        let exceptions = page.map_or(&Exceptions::None, |p| p.1);
        let (above, content) = match self.cover {
            Cover::Keep => (self.above.clone(), content::of(exceptions, None)),
            // It shows through the gaps of the page's own base, if there are any.
            Cover::Fill(m) if own => {
                let above = Origin::uniform(m, SourceKind::Runs, self.id.parent().map_or(0, PageId::level));
                (above, content::of(exceptions, None))
            }
            Cover::Fill(m) => (self.above.clone(), content::of(exceptions, Some(m))),
            Cover::Wipe(m) => (self.above.clone(), m.map(|m| (0, SUBCELLS, m)).into_iter().collect()),
        };
        let origin = if own { view.resolve(self.id, base, &above)? } else { above };
        let content =
            if self.layer.is_empty() { content } else { content::overlay(&content, self.layer, |m| m) };
        Ok(State { origin, own, content })
    }

    /// Finds the pages below that this page's edits, or those of finer pages, concern.
    fn expand<'b>(
        &mut self,
        state: &State,
        view: &View<'_>,
        edits: &'b Pending,
        waiting: &BTreeSet<PageId>,
        next: &mut Vec<Job<'b>>,
    ) -> Result<(), TreeError> {
        let first = next.len();
        let (Some(low), Some(high)) = (self.id.child(0), self.id.child(SUBCELLS - 1)) else { return Ok(()) };
        let mut subs: Vec<u32> = waiting.range(low..=high).map(|id| id.sub_index()).collect();
        let all = !matches!(self.cover, Cover::Keep);
        for sub in view.below(self.id)? {
            if all || content::at(self.layer, sub).is_some() {
                subs.push(sub);
            } else if let Some(child) = self.id.child(sub)
                && !waiting.contains(&child)
            {
                self.others = true;
            }
        }
        subs.sort_unstable();
        subs.dedup();
        for sub in subs {
            let Some(id) = self.id.child(sub) else { continue };
            let cover = match (content::at(self.layer, sub), self.cover) {
                (Some(m), _) | (None, Cover::Wipe(m)) => Cover::Wipe(m),
                _ => content::at(&state.content, sub).map_or(Cover::Keep, Cover::Fill),
            };
            let layer = edits.0.get(&id).map_or(&[][..], Vec::as_slice);
            next.push(Job { id, cover, above: state.origin.clone(), layer, kids: 0..0, others: false });
        }
        self.kids = first..next.len();
        Ok(())
    }

    fn end(
        &self,
        state: State,
        view: &View<'_>,
        kids: &[Job<'_>],
        outcomes: &[Outcome],
    ) -> Result<Outcome, TreeError> {
        let (mut changed, mut pages) = (false, self.others);
        let mut above_kids: Vec<EditRun> = Vec::with_capacity(kids.len());
        for (kid, outcome) in kids.iter().zip(outcomes) {
            let (own, left) = match outcome {
                Outcome::Same { own } => {
                    pages = true;
                    (*own, None)
                }
                Outcome::Page { own, .. } => {
                    (changed, pages) = (true, true);
                    (*own, None)
                }
                Outcome::Gone { content, was } => {
                    changed |= was;
                    (false, *content)
                }
            };
            let left = match kid.cover {
                Cover::Fill(m) if own => Some(m),
                _ => left,
            };
            let sub = kid.id.sub_index();
            content::push(&mut above_kids, sub, sub + 1, left);
        }
        let content = if above_kids.is_empty() {
            state.content
        } else {
            content::overlay(&state.content, &above_kids, |m| m)
        };
        let against = Against::new(self.id, &state.origin);
        let content = if view.keep_said { content } else { against.differing(&content) };
        let was = view.page(self.id)?;
        if !state.own && !pages && self.id != PageId::ROOT {
            let whole = match content[..] {
                [(0, SUBCELLS, m)] => Some(m),
                _ if view.keep_said => None,
                _ => against.whole(&content),
            };
            if whole.is_some() || content.is_empty() {
                return Ok(Outcome::Gone { content: whole, was: was.is_some() });
            }
        }
        let exceptions = content::exceptions(self.id, &content)?;
        if !changed && was.is_some_and(|(_, e)| *e == exceptions) {
            return Ok(Outcome::Same { own: state.own });
        }
        let base = was.map_or(Base::Inherit, |(b, _)| b.clone());
        Ok(Outcome::Page { body: Body { exceptions, ..Body::new(base) }, own: state.own })
    }
}

/// Pages to put, and pages that go.
pub(crate) type Folded = (Vec<(PageId, Body)>, Vec<PageId>);

/// What the edits come to.
pub(crate) fn fold(view: &View<'_>, edits: &Pending, threads: usize) -> Result<Folded, TreeError> {
    if view.page(PageId::ROOT)?.is_none() {
        return Err(TreeError::Missing { page: PageId::ROOT });
    }
    let mut waiting = BTreeSet::new();
    for &id in edits.0.keys() {
        let mut up = Some(id);
        while let Some(id) = up.filter(|&id| waiting.insert(id)) {
            up = id.parent();
        }
    }
    let layer = edits.0.get(&PageId::ROOT).map_or(&[][..], Vec::as_slice);
    let above = Origin::uniform(MaterialId::UNSET, SourceKind::Uniform, 0);
    let root = Job { id: PageId::ROOT, cover: Cover::Keep, above, layer, kids: 0..0, others: false };
    let mut tiers = vec![vec![root]];
    for tier in 0..3 {
        let mut next = Vec::new();
        for job in &mut tiers[tier] {
            let state = job.start(view)?;
            job.expand(&state, view, edits, &waiting, &mut next)?;
        }
        tiers.push(next);
    }
    let mut below: (&[Job<'_>], Vec<Outcome>) = (&[], Vec::new());
    let mut out: Folded = (Vec::new(), Vec::new());
    for jobs in tiers.iter().rev() {
        let done = parallel::map(jobs, threads, |job| {
            let kids = job.kids.clone();
            job.end(job.start(view)?, view, &below.0[kids.clone()], &below.1[kids])
        });
        let done: Vec<Outcome> = done.into_iter().collect::<Result<_, TreeError>>()?;
        settle(below, &mut out);
        below = (jobs, done);
    }
    settle(below, &mut out);
    Ok(out)
}

fn settle((jobs, outcomes): (&[Job<'_>], Vec<Outcome>), out: &mut Folded) {
    for (job, outcome) in jobs.iter().zip(outcomes) {
        match outcome {
            Outcome::Page { body, .. } => out.0.push((job.id, body)),
            Outcome::Gone { was: true, .. } => out.1.push(job.id),
            Outcome::Gone { .. } | Outcome::Same { .. } => {}
        }
    }
}
