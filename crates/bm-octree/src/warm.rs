//! Opening the next version of a tree without starting cold.
//!
//! Pages name those below them by check sum, so a page with the same check sum in both versions has the same
//! pages below it, all the way down. Its decoded form can be taken over whole, as long as what it takes from
//! outside is the same, too: the function of the pages above, and the columns it shares.

use crate::error::TreeError;
use crate::node::Node;
use crate::tree::{Tree, load_root, read_body};
use arc_swap::ArcSwap;
use bm_codec::body::Base;
use bm_core::{PageId, PageSource};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

impl Tree {
    /// Opens another version of this tree, whose root page has check sum `root_crc`, with the decoded pages
    /// that both have in common. Changed pages that are decoded here and have pages below them are decoded at
    /// once, so that readers of the new version do not wait for them.
    ///
    /// # Errors
    /// [`TreeError`] as [`Tree::open`], and for changed pages that cannot be read.
    pub fn after(&self, source: Arc<dyn PageSource>, root_crc: u32) -> Result<Self, TreeError> {
        let old = self.pages();
        let mut root = load_root(self.context(), source.as_ref(), root_crc)?;
        if root.base == old.base {
            root.base = old.base.clone();
            root.origin = old.origin.clone();
            take_over(source.as_ref(), &old, &root)?;
        }
        let resident = AtomicUsize::new(self.resident_bytes());
        Ok(Self::from_parts(source, self.context().clone(), ArcSwap::from_pointee(root), root_crc, resident))
    }
}

/// Fills the slots of a page from those of the same page in the version before, whose base function is the same.
fn take_over(source: &dyn PageSource, old: &Node, new: &Node) -> Result<(), TreeError> {
    for (k, entry) in new.children.list().iter().enumerate() {
        let Some(before) = old.children.find(entry.sub) else { continue };
        let Some(decoded) = old.children.slot(before).get() else { continue };
        if old.exceptions.get(entry.sub) != new.exceptions.get(entry.sub) {
            continue;
        }
        let crc = old.children.entry(before).crc;
        let node = match &decoded.base {
            Base::Shared(owner) if !same_owner(old, new, *owner) => continue,
            _ if crc == entry.crc => decoded.clone(),
            _ if decoded.children.is_empty() => continue,
            _ => match changed(source, decoded, entry.crc)? {
                Some(node) => node,
                None => continue,
            },
        };
        // Nobody else has the new version yet.
        let _ = new.children.slot(k).set(node);
    }
    Ok(())
}

/// A changed page with the same base: decoded, with what it has in common with the one before.
fn changed(source: &dyn PageSource, old: &Arc<Node>, crc: u32) -> Result<Option<Arc<Node>>, TreeError> {
    let mut body = read_body(source, old.id, crc)?;
    if body.base != old.base {
        return Ok(None);
    }
    body.base = old.base.clone();
    let node = Node::new(old.id, old.origin.clone(), body);
    take_over(source, old, &node)?;
    Ok(Some(Arc::new(node)))
}

/// Whether the page whose columns another one shares is the same in both versions.
fn same_owner(old: &Node, new: &Node, owner: PageId) -> bool {
    // Owners stand straight above or below; only those of the same directory are known here.
    let crc = |node: &Node| {
        let sub = (owner.parent() == Some(node.id)).then(|| owner.sub_index())?;
        node.children.find(sub).map(|k| node.children.entry(k).crc)
    };
    crc(old).is_some() && crc(old) == crc(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Draft, MemoryPages};
    use bm_codec::body::Body;
    use bm_core::{MaterialId, Pos};

    /// Pages of a small world: the root, and pages below it along one way down.
    fn first(at: Pos) -> (MemoryPages, u32) {
        let mut draft = Draft::new(Context::default());
        draft.put(PageId::ROOT, Body::new(Base::Uniform(MaterialId(5))));
        for level in [7, 14, 21] {
            for east in [0, 300, 90_000] {
                let page = PageId::containing(at.east(east), level).unwrap();
                draft.edit(page, &[(7, 90, Some(MaterialId(u16::from(level))))]).unwrap();
            }
        }
        let commit = draft.finish().unwrap();
        (MemoryPages::from(commit.pages), commit.root_crc)
    }

    #[test]
    fn the_next_version_says_the_same_as_a_cold_one() {
        let at = Pos::new(70_000_000, 40_000_000, 1 << 27).unwrap();
        let (pages, crc) = first(at);
        let tree = Tree::open(Context::default(), pages.into(), crc).unwrap();
        let places: Vec<Pos> =
            (0..2_000).map(|i| at.east((i * 91) % 100_000)).chain((0..400).map(|i| at.east(i))).collect();
        for &p in &places {
            tree.sample(p).unwrap();
        }
        let mut draft = Draft::of(&tree);
        let page = PageId::containing(at.east(300), 21).unwrap();
        draft.edit(page, &[(0, 2_000, Some(MaterialId(9)))]).unwrap();
        let commit = draft.finish().unwrap();
        let (mut all, _) = first(at);
        all.apply(&commit);
        let source: Arc<dyn PageSource> = all.into();
        let warm = tree.after(source.clone(), commit.root_crc).unwrap();
        let cold = Tree::open(Context::default(), source, commit.root_crc).unwrap();
        let mut differ = 0;
        for &p in &places {
            assert_eq!(warm.sample(p).unwrap(), cold.sample(p).unwrap());
            differ += u32::from(warm.sample(p).unwrap() != tree.sample(p).unwrap());
        }
        assert!(differ > 0);
        // Untouched pages are the very same in memory.
        let other = PageId::containing(at.east(90_000), 21).unwrap();
        let (a, b) = (tree.pages(), warm.pages());
        let node = |tree: &Tree, root: &Arc<Node>| tree.walk(root, other).unwrap().map(|n| n as *const Node);
        assert_eq!(node(&tree, &a), node(&warm, &b));
        assert!(warm.resident_bytes() > 0);
    }
}
