//! Changes to a tree: pages in, one commit out.

use crate::content::EditRun;
use crate::count::shares_of_whole;
use crate::error::TreeError;
use crate::fold::{self, Pending, View};
use crate::node::Node;
use crate::origin::Origin;
use crate::parallel;
use crate::tree::{Context, Tree, check_shared, exception_origin, read_body, resolve, strata_origin};
use bm_codec::body::{Base, Body, Child, body_crc};
use bm_codec::exceptions::Exceptions;
use bm_codec::strata::Strata;
use bm_core::page::PAGE_SPAN;
use bm_core::{MaterialId, PageId, SourceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pages to be written together: the new ones, and every page above them, whose directories change.
pub struct Draft<'t> {
    context: Context,
    tree: Option<&'t Tree>,
    pages: BTreeMap<PageId, Body>,
    removed: BTreeSet<PageId>,
    edits: Pending,
    threads: usize,
    keep_said: bool,
    progress: Option<&'t (dyn Fn(u64, u64) + Sync)>,
}

/// What a draft comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Pages to store, by ascending id.
    pub pages: Vec<(PageId, Vec<u8>)>,
    /// Pages to delete.
    pub removed: Vec<PageId>,
    /// Check sum of the new root page.
    pub root_crc: u32,
}

impl Draft<'static> {
    /// A draft of a new tree; its root page must be among what is put.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Draft {
            context,
            tree: None,
            pages: BTreeMap::new(),
            removed: BTreeSet::new(),
            edits: Pending::default(),
            threads: 0,
            keep_said: false,
            progress: None,
        }
    }
}

impl<'t> Draft<'t> {
    /// A draft of changes to a tree.
    #[must_use]
    pub fn of(tree: &'t Tree) -> Self {
        Draft {
            context: tree.context().clone(),
            tree: Some(tree),
            pages: BTreeMap::new(),
            removed: BTreeSet::new(),
            edits: Pending::default(),
            threads: 0,
            keep_said: false,
            progress: None,
        }
    }

    /// Tells `f` (from any thread) how many pages of how many [`Draft::finish`] has encoded.
    pub fn on_progress(&mut self, f: &'t (dyn Fn(u64, u64) + Sync)) -> &mut Self {
        self.progress = Some(f);
        self
    }

    /// How many threads [`Draft::finish`] may use; 0 (the default) means as many as the machine has. The
    /// result does not depend on it.
    pub fn threads(&mut self, threads: usize) -> &mut Self {
        self.threads = threads;
        self
    }

    /// Whether cells that an edit sets to what the base is there anyway keep saying so; by default they do not. For
    /// whoever lays something between base and edits that must not show through them.
    pub fn keep_said(&mut self, keep: bool) -> &mut Self {
        self.keep_said = keep;
        self
    }

    /// Puts a page's base and exceptions. Its directory is kept up by the draft: `body.children` is ignored.
    /// Edits of this page that were made before are forgotten: the body says it all.
    pub fn put(&mut self, id: PageId, body: Body) -> &mut Self {
        self.edits.forget(id);
        self.removed.remove(&id);
        self.pages.insert(id, body);
        self
    }

    /// Lays explicit content over sub-cells of a page of any tier, whether it is stored or not: each run is
    /// (first sub-cell, first sub-cell beyond, material) by Morton index, ascending and disjoint. `None` (or the
    /// unset material) clears: there the base function answers again, as if nothing had ever been edited.
    ///
    /// Later edits win. What is said of a sub-cell of a coarser page ends all explicit content of the finer pages
    /// inside it, stored or edited before: so edits of one change go from coarse to fine. Bases that were put are
    /// never lost; pages that only hold edits come and go (see [`Draft::finish`], which folds them in).
    ///
    /// # Errors
    /// [`TreeError::Structure`] for runs that are empty, out of order or beyond the page; nothing is taken then.
    pub fn edit(&mut self, page: PageId, runs: &[(u32, u32, Option<MaterialId>)]) -> Result<(), TreeError> {
        self.edits.add(page, runs as &[EditRun])
    }

    /// The page as the draft has it now, or as the tree has it; `None` if there is none. Edits that wait for
    /// [`Draft::finish`] are not in it.
    ///
    /// # Errors
    /// [`TreeError`] when the tree's page cannot be read.
    pub fn get(&self, id: PageId) -> Result<Option<Body>, TreeError> {
        if let Some(b) = self.pages.get(&id) {
            return Ok(Some(b.clone()));
        }
        if self.removed.contains(&id) {
            return Ok(None);
        }
        self.stored(id)
    }

    /// Removes a page; its place is answered by the pages above again. Pages below it must go first.
    pub fn remove(&mut self, id: PageId) -> &mut Self {
        self.edits.forget(id);
        self.pages.remove(&id);
        self.removed.insert(id);
        self
    }

    /// The page as the tree has it.
    fn stored(&self, id: PageId) -> Result<Option<Body>, TreeError> {
        let Some(tree) = self.tree else { return Ok(None) };
        Ok(tree.walk(&tree.hold(), id)?.map(Node::body))
    }

    /// Looks at the base and the exceptions of a page as the draft has it now, without copying them.
    fn peek<R>(&self, id: PageId, f: impl FnOnce(&Base, &Exceptions) -> R) -> Result<Option<R>, TreeError> {
        if let Some(b) = self.pages.get(&id) {
            return Ok(Some(f(&b.base, &b.exceptions)));
        }
        let Some(tree) = self.tree.filter(|_| !self.removed.contains(&id)) else { return Ok(None) };
        Ok(tree.walk(&tree.hold(), id)?.map(|n| f(&n.base, &n.exceptions)))
    }

    /// The strata a page carries itself; `None` if it has another base, shares them, or does not exist.
    ///
    /// # Errors
    /// [`TreeError`] when the tree's page cannot be read.
    pub fn own_strata(&self, id: PageId) -> Result<Option<Arc<Strata>>, TreeError> {
        let own = self.peek(id, |base, _| match base {
            Base::Strata(s) => Some(s.clone()),
            _ => None,
        })?;
        Ok(own.flatten())
    }

    fn exists(&self, id: PageId) -> Result<bool, TreeError> {
        let Some(tree) = self.tree else { return Ok(false) };
        Ok(tree.walk(&tree.hold(), id)?.is_some())
    }

    /// Folds edits into pages, works out directories and shares from the finest tier up, and gives the bytes of
    /// every changed page.
    ///
    /// What edits come to depends on the bases and on the material of every voxel alone, not on the order or the
    /// grouping of the edits: those equal to the base vanish, pages that become one material become an exception of
    /// the page above, and pages that inherit and hold nothing any more are removed.
    ///
    /// # Errors
    /// [`TreeError`] when pages cannot be read or do not fit together (a page that shares the columns of
    /// one that has none, a page removed from above others, no root page).
    pub fn finish(mut self) -> Result<Commit, TreeError> {
        self.complete()?;
        self.fold()?;
        if let Some(tree) = self.tree
            && self.pages.is_empty()
            && self.removed.is_empty()
        {
            return Ok(Commit { pages: Vec::new(), removed: Vec::new(), root_crc: tree.root_crc() });
        }
        for (&page, body) in &self.pages {
            body.check().map_err(|source| TreeError::Decode { page, source })?;
        }
        let mut entries: Vec<(PageId, Child)> = Vec::new();
        let mut tiers: Vec<Vec<(PageId, Vec<u8>)>> = Vec::new();
        let mut root_crc = None;
        let (encoded, total) = (AtomicU64::new(0), self.pages.len() as u64);
        for level in [21, 14, 7, 0] {
            let ids: Vec<PageId> = self.pages.keys().filter(|id| id.level() == level).copied().collect();
            if level < 21 {
                for &id in &ids {
                    let children = self.directory(id, &entries)?;
                    if let Some(b) = self.pages.get_mut(&id) {
                        b.children = children;
                    }
                }
            }
            // The origins of the pages above are few: worked out once, for all threads to read.
            let mut above: BTreeMap<PageId, Arc<Origin>> = BTreeMap::new();
            for parent in ids.iter().filter_map(|id| id.parent()) {
                if !above.contains_key(&parent) {
                    self.origin(parent, &mut above)?;
                }
            }
            let done = parallel::map(&ids, self.threads, |&id| -> Result<_, TreeError> {
                let Some(body) = self.pages.get(&id) else { return Ok(None) };
                let origin = self.origin_below(id, &above)?;
                let shares = shares_of_whole(id, &origin, &body.exceptions, &body.children);
                let bytes = body.encode();
                let crc = body_crc(&bytes);
                if let Some(progress) = self.progress {
                    progress(encoded.fetch_add(1, Ordering::Relaxed) + 1, total);
                }
                Ok(Some((id, bytes, Child { sub: id.sub_index(), crc, shares })))
            });
            let (mut tier, mut below) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
            for made in done {
                let Some((id, bytes, child)) = made? else { continue };
                if id == PageId::ROOT {
                    root_crc = Some(child.crc);
                }
                tier.push((id, bytes));
                below.push((id, child));
            }
            entries = below;
            tiers.push(tier);
        }
        let root_crc = root_crc.ok_or(TreeError::Missing { page: PageId::ROOT })?;
        Ok(Commit {
            // Pages order by level first.
            pages: tiers.into_iter().rev().flatten().collect(),
            removed: self.removed.into_iter().collect(),
            root_crc,
        })
    }

    fn fold(&mut self) -> Result<(), TreeError> {
        let edits = std::mem::take(&mut self.edits);
        if edits.is_empty() {
            return Ok(());
        }
        let view = View {
            context: &self.context,
            tree: self.tree.map(|t| (t, t.hold().clone())),
            pages: &self.pages,
            removed: &self.removed,
            keep_said: self.keep_said,
        };
        let (put, gone) = fold::fold(&view, &edits, self.threads)?;
        for (id, body) in put {
            self.removed.remove(&id);
            self.pages.insert(id, body);
        }
        for id in gone {
            self.pages.remove(&id);
            if self.exists(id)? {
                self.removed.insert(id);
            }
        }
        Ok(())
    }

    /// Brings in every page whose bytes change without having been put: those above the changed ones (their
    /// directories), those below (what they inherit counts in their shares), and those that share columns
    /// which change.
    fn complete(&mut self) -> Result<(), TreeError> {
        // Removing what is not there changes nothing.
        for id in std::mem::take(&mut self.removed) {
            if self.exists(id)? {
                self.removed.insert(id);
            }
        }
        let changed: Vec<PageId> = self.pages.keys().chain(&self.removed).copied().collect();
        for id in changed {
            self.bring_concerned(id)?;
            self.bring_sharers(id)?;
        }
        let staying: Vec<PageId> = self.pages.keys().copied().collect();
        for id in staying {
            self.bring_ancestors(id, true)?;
        }
        let going: Vec<PageId> = self.removed.iter().copied().collect();
        for id in going {
            self.bring_ancestors(id, false)?;
        }
        Ok(())
    }

    fn bring(&mut self, id: PageId) -> Result<(), TreeError> {
        if self.pages.contains_key(&id) {
            return Ok(());
        }
        let body = self.stored(id)?;
        if body.is_none() && id == PageId::ROOT {
            return Err(TreeError::Missing { page: id });
        }
        self.pages.insert(id, body.unwrap_or_else(|| Body::new(Base::Inherit)));
        Ok(())
    }

    fn bring_ancestors(&mut self, id: PageId, stays: bool) -> Result<(), TreeError> {
        let mut up = id.parent();
        while let Some(page) = up {
            if self.removed.contains(&page) {
                if stays {
                    return Err(TreeError::Structure {
                        page,
                        detail: "is removed while pages below it stay".into(),
                    });
                }
                // A removed page above brings in its own.
                return Ok(());
            }
            self.bring(page)?;
            up = page.parent();
        }
        Ok(())
    }

    /// Brings in the stored pages below a changed one whose answers change with it.
    fn bring_concerned(&mut self, id: PageId) -> Result<(), TreeError> {
        let Some(tree) = self.tree else { return Ok(()) };
        let root = tree.hold();
        let Some(was) = tree.walk(&root, id)? else { return Ok(()) };
        let new = self.pages.get(&id);
        let moved = new.is_none_or(|b| !same_base(&b.base, &was.base));
        let mut concerned = Vec::new();
        for c in was.children.list() {
            let before = was.exceptions.get(c.sub);
            let after = new.and_then(|b| b.exceptions.get(c.sub));
            // Under an exception the base does not matter.
            if before != after || (before.is_none() && moved) {
                concerned.extend(id.child(c.sub));
            }
        }
        for child in concerned {
            self.bring_inheriting(child)?;
        }
        Ok(())
    }

    /// Brings in a stored page that inherits something new, and those below that inherit it in turn.
    fn bring_inheriting(&mut self, id: PageId) -> Result<(), TreeError> {
        if !self.removed.contains(&id) {
            self.bring(id)?;
        }
        let passes_on = match self.pages.get(&id).map(|b| &b.base) {
            // What lies above shows where strata have no answer.
            Some(Base::Inherit | Base::Strata(_) | Base::Shared(_)) | None => true,
            Some(Base::Uniform(_) | Base::Procedural(_)) => false,
        };
        if !passes_on {
            return Ok(());
        }
        for sub in self.stored_below(id)? {
            let hidden = self.pages.get(&id).is_some_and(|b| b.exceptions.get(sub).is_some());
            if let Some(child) = id.child(sub).filter(|_| !hidden) {
                self.bring_inheriting(child)?;
            }
        }
        Ok(())
    }

    /// Pages that share the columns of `id`, if those change: their bytes stay, what they hold does not.
    fn bring_sharers(&mut self, id: PageId) -> Result<(), TreeError> {
        let Some(tree) = self.tree else { return Ok(()) };
        let root = tree.hold();
        let Some(Node { base: base @ Base::Strata(_), .. }) = tree.walk(&root, id)? else { return Ok(()) };
        if self.pages.get(&id).is_some_and(|b| same_base(&b.base, base)) {
            return Ok(());
        }
        let mut stack = Vec::new();
        pages_of_column(tree, &root, &root, id, &mut stack)?;
        for (page, crc) in stack {
            if page == id || self.removed.contains(&page) {
                continue;
            }
            let shares = match self.pages.get(&page) {
                Some(b) => b.base == Base::Shared(id),
                None => read_body(tree.source(), page, crc)?.base == Base::Shared(id),
            };
            if shares {
                self.bring_inheriting(page)?;
            }
        }
        Ok(())
    }

    /// Sub-cells of the pages below as the tree has them.
    fn stored_below(&self, id: PageId) -> Result<Vec<u32>, TreeError> {
        let Some(tree) = self.tree else { return Ok(Vec::new()) };
        let root = tree.hold();
        Ok(tree.walk(&root, id)?.map_or_else(Vec::new, |n| n.children.list().iter().map(|c| c.sub).collect()))
    }

    /// The directory of a page: what the tree had, with the draft's pages put in and its removals taken out.
    /// `entries` are the pages of the tier below, ascending.
    fn directory(&self, id: PageId, entries: &[(PageId, Child)]) -> Result<Vec<Child>, TreeError> {
        let (Some(first), Some(last)) = (id.child(0), id.child(bm_core::page::SUBCELLS - 1)) else {
            return Ok(Vec::new());
        };
        let from = entries.partition_point(|(id, _)| *id < first);
        let to = entries.partition_point(|(id, _)| *id <= last);
        let mut new = entries[from..to].iter().map(|(_, c)| c).peekable();
        let mut gone = self.removed.range(first..=last).map(|id| id.sub_index()).peekable();
        let mut list = Vec::with_capacity(to - from);
        let root = self.tree.map(Tree::hold);
        let stored = match (self.tree, &root) {
            (Some(tree), Some(root)) => tree.walk(root, id)?.map_or(&[][..], |n| n.children.list()),
            _ => &[],
        };
        for child in stored {
            while let Some(c) = new.next_if(|c| c.sub < child.sub) {
                list.push(c.clone());
            }
            while gone.next_if(|&sub| sub < child.sub).is_some() {}
            match new.next_if(|c| c.sub == child.sub) {
                Some(c) => list.push(c.clone()),
                None if gone.peek() == Some(&child.sub) => {}
                None => list.push(child.clone()),
            }
        }
        list.extend(new.cloned());
        Ok(list)
    }

    /// The resolved origin of a page, when that of the page above is known.
    fn origin_below(
        &self,
        id: PageId,
        above: &BTreeMap<PageId, Arc<Origin>>,
    ) -> Result<Arc<Origin>, TreeError> {
        let own = self.peek(id, |base, _| base.clone())?.unwrap_or(Base::Inherit);
        let above = match id.parent() {
            None => Origin::uniform(MaterialId::UNSET, SourceKind::Uniform, 0),
            Some(p) => {
                let here = self.peek(p, |_, e| exception_origin(e, p.level(), id.sub_index()))?;
                let known = || above.get(&p).cloned().ok_or(TreeError::Missing { page: p });
                here.flatten().map_or_else(known, Ok)?
            }
        };
        match own {
            Base::Inherit => Ok(above),
            Base::Shared(owner) => {
                check_shared(id, owner)?;
                match self.own_strata(owner)? {
                    Some(s) => Ok(strata_origin(s, &above, id)),
                    None => {
                        let detail = format!("shares the columns of {owner}, which has none");
                        Err(TreeError::Structure { page: id, detail })
                    }
                }
            }
            base => resolve(&self.context, id, &base, &above),
        }
    }

    /// The resolved origin of a page, and of those above it, by name.
    fn origin(
        &self,
        id: PageId,
        known: &mut BTreeMap<PageId, Arc<Origin>>,
    ) -> Result<Arc<Origin>, TreeError> {
        if let Some(o) = known.get(&id) {
            return Ok(o.clone());
        }
        if let Some(parent) = id.parent() {
            self.origin(parent, known)?;
        }
        let origin = self.origin_below(id, known)?;
        known.insert(id, origin.clone());
        Ok(origin)
    }
}

/// Whether two bases are the same function. Strata are compared sample by sample only if they are not one.
fn same_base(a: &Base, b: &Base) -> bool {
    match (a, b) {
        (Base::Strata(a), Base::Strata(b)) => Arc::ptr_eq(a, b) || a == b,
        _ => a == b,
    }
}

/// All pages of the tier of `of` that lie straight above or below it (itself among them), with their check sums.
fn pages_of_column(
    tree: &Tree,
    root: &Node,
    node: &Node,
    of: PageId,
    out: &mut Vec<(PageId, u32)>,
) -> Result<(), TreeError> {
    let below = node.level + PAGE_SPAN;
    let Some(shift) = of.level().checked_sub(below) else { return Ok(()) };
    let [x, y, _] = of.cell().coords().map(|c| (c >> shift & ((1 << PAGE_SPAN) - 1)) as u16);
    for height in 0..1 << PAGE_SPAN {
        let sub = bm_morton::encode3_u32(x, y, height);
        let (Some(k), Some(page)) = (node.children.find(sub), node.id.child(sub)) else { continue };
        if below == of.level() {
            out.push((page, node.children.entry(k).crc));
        } else {
            pages_of_column(tree, root, tree.child(root, node, k)?, of, out)?;
        }
    }
    Ok(())
}
