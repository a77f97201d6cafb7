//! Opening a tree, loading its pages, asking for points.

use crate::error::TreeError;
use crate::node::Node;
use crate::origin::{Function, Origin};
use arc_swap::ArcSwap;
use bm_codec::body::{Base, Body, body_crc};
use bm_codec::exceptions::Exceptions;
use bm_codec::procedural::GeneratorRegistry;
use bm_codec::strata::{Probe, Strata};
use bm_core::frame::MAX_LEVEL;
use bm_core::{MaterialId, MaterialSource, PageId, PageSource, Pos, Sample, SourceKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a tree needs besides its pages.
#[derive(Clone)]
pub struct Context {
    /// Generators that procedural pages may name.
    pub generators: Arc<GeneratorRegistry>,
    /// Bytes of decoded pages to keep before starting over with an empty cache.
    pub cache_bytes: usize,
}

impl Default for Context {
    fn default() -> Self {
        Self { generators: Arc::new(GeneratorRegistry::standard()), cache_bytes: 1 << 30 }
    }
}

/// A page tree at one version, read through a cache of decoded pages.
///
/// Reading is lock-free once a page is loaded. The cache is bounded: when the decoded pages exceed
/// [`Context::cache_bytes`], the tree starts over from the root, and what readers still hold is freed when
/// they are done.
pub struct Tree {
    source: Arc<dyn PageSource>,
    context: Context,
    root: ArcSwap<Node>,
    root_crc: u32,
    resident: AtomicUsize,
}

impl Tree {
    /// Opens the tree whose root page has check sum `root_crc`.
    ///
    /// # Errors
    /// [`TreeError`] when the root page is missing, damaged or another one.
    pub fn open(context: Context, source: Arc<dyn PageSource>, root_crc: u32) -> Result<Self, TreeError> {
        let root = load_root(&context, source.as_ref(), root_crc)?;
        let resident = AtomicUsize::new(root.heap_bytes());
        Ok(Self { source, context, root: ArcSwap::from_pointee(root), root_crc, resident })
    }

    pub(crate) const fn from_parts(
        source: Arc<dyn PageSource>,
        context: Context,
        root: ArcSwap<Node>,
        root_crc: u32,
        resident: AtomicUsize,
    ) -> Self {
        Self { source, context, root, root_crc, resident }
    }

    /// The decoded pages, to be held for longer.
    pub(crate) fn pages(&self) -> Arc<Node> {
        self.root.load_full()
    }

    /// Check sum of the root page: it names the whole tree.
    #[must_use]
    pub const fn root_crc(&self) -> u32 {
        self.root_crc
    }

    /// Bytes of decoded pages in memory now.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        self.resident.load(Ordering::Relaxed)
    }

    /// The context it was opened with.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn source(&self) -> &dyn PageSource {
        self.source.as_ref()
    }

    /// The root, to be held for the length of one read.
    #[inline]
    pub(crate) fn hold(&self) -> arc_swap::Guard<Arc<Node>> {
        self.root.load()
    }

    /// The page below `node` at directory position `k`, loaded if it is not.
    #[inline]
    pub(crate) fn child<'a>(&self, root: &'a Node, node: &'a Node, k: usize) -> Result<&'a Node, TreeError> {
        match node.children.slot(k).get() {
            Some(n) => Ok(n),
            None => self.load_child(root, node, k, true),
        }
    }

    /// `may_share` is false where the page is wanted as the owner of shared columns: owners carry their
    /// own, so that a chain of sharing pages, or a ring of them, ends here.
    #[cold]
    fn load_child<'a>(
        &self,
        root: &'a Node,
        node: &'a Node,
        k: usize,
        may_share: bool,
    ) -> Result<&'a Node, TreeError> {
        let entry = node.children.entry(k);
        let id = node.id.child(entry.sub).ok_or_else(|| TreeError::Structure {
            page: node.id,
            detail: format!("lists a page at sub-cell {}, below the finest tier", entry.sub),
        })?;
        let body = read_body(self.source.as_ref(), id, entry.crc)?;
        let above = origin_above(node, entry.sub);
        let origin = match &body.base {
            Base::Shared(other) if may_share => {
                let strata = self.shared_strata(root, id, *other)?;
                strata_origin(strata, &above, id)
            }
            base => resolve(&self.context, id, base, &above)?,
        };
        let loaded = Arc::new(Node::new(id, origin, body));
        let bytes = loaded.heap_bytes();
        let slot = node.children.slot(k);
        // Two readers may load the same page at once: the first one stays.
        if slot.set(loaded).is_ok() {
            let now = self.resident.fetch_add(bytes, Ordering::Relaxed) + bytes;
            if now > self.context.cache_bytes {
                self.start_over();
            }
        }
        slot.get().map(AsRef::as_ref).ok_or(TreeError::Missing { page: id })
    }

    /// Drops every decoded page but the root; readers that hold the old root finish with it.
    fn start_over(&self) {
        let old = self.root.load_full();
        let root = Node::new(old.id, old.origin.clone(), old.body());
        self.resident.store(root.heap_bytes(), Ordering::Relaxed);
        self.root.store(Arc::new(root));
    }

    /// The strata of another page of the same tier, for a page that shares them.
    fn shared_strata(&self, root: &Node, page: PageId, owner: PageId) -> Result<Arc<Strata>, TreeError> {
        check_shared(page, owner)?;
        let missing = || TreeError::Missing { page: owner };
        let above = self.walk(root, owner.parent().ok_or_else(missing)?)?.ok_or_else(missing)?;
        let k = above.children.find(owner.sub_index()).ok_or_else(missing)?;
        let node = match above.children.slot(k).get() {
            Some(n) => n,
            None => self.load_child(root, above, k, false)?,
        };
        match &node.origin.function {
            Function::Strata(s, _) if node.origin.page_level == owner.level() => Ok(s.clone()),
            _ => Err(TreeError::Structure {
                page,
                detail: format!("shares the columns of {owner}, which has none"),
            }),
        }
    }

    /// The page `id`, through the directories from the root; `None` if no directory lists it.
    pub(crate) fn walk<'a>(&self, root: &'a Node, id: PageId) -> Result<Option<&'a Node>, TreeError> {
        let mut path = Vec::new();
        let mut up = Some(id);
        while let Some(p) = up.filter(|p| *p != PageId::ROOT) {
            path.push(p.sub_index());
            up = p.parent();
        }
        let mut node = root;
        for sub in path.into_iter().rev() {
            match node.children.find(sub) {
                Some(k) => node = self.child(root, node, k)?,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// Whether a page is stored, by the directories from the root.
    ///
    /// # Errors
    /// [`TreeError`] when a page above it cannot be read.
    pub fn has_page(&self, id: PageId) -> Result<bool, TreeError> {
        let root = self.hold();
        let Some(parent) = id.parent() else { return Ok(true) };
        let above = self.walk(&root, parent)?;
        Ok(above.is_some_and(|n| n.children.find(id.sub_index()).is_some()))
    }

    /// The pages one tier below `id` that are stored, ascending; none if `id` is not stored itself.
    ///
    /// # Errors
    /// [`TreeError`] when `id` or a page above it cannot be read.
    pub fn pages_below(&self, id: PageId) -> Result<Vec<PageId>, TreeError> {
        let root = self.hold();
        let Some(node) = self.walk(&root, id)? else { return Ok(Vec::new()) };
        Ok(node.children.list().iter().filter_map(|c| id.child(c.sub)).collect())
    }

    /// The finest page that covers a voxel.
    #[inline]
    pub(crate) fn finest<'a>(&self, root: &'a Node, at: [u32; 3]) -> Result<&'a Node, TreeError> {
        let mut node = root;
        while !node.children.is_empty() {
            match node.find(at) {
                Some(k) => node = self.child(root, node, k)?,
                None => break,
            }
        }
        Ok(node)
    }

    /// Pins the decoded pages for many point reads in a row.
    #[must_use]
    pub fn pin(&self) -> Pinned<'_> {
        Pinned { tree: self, root: self.root.load_full() }
    }

    /// The material of one voxel. For many in a row, [`Tree::pin`] or [`Tree::sample_batch`] is faster.
    ///
    /// # Errors
    /// [`TreeError`] when a page that is needed cannot be read.
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, TreeError> {
        let root = self.hold();
        let at = [pos.x(), pos.y(), pos.z()];
        let node = self.finest(&root, at)?;
        Ok(voxel(node, at))
    }

    /// The materials of many voxels, in input order; `out` is cleared first.
    ///
    /// Neighbours in the input that lie in one page cost less: sort along the Morton curve for the best rate.
    ///
    /// # Errors
    /// As [`Tree::sample`]; `out` then holds answers before the failing one.
    pub fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), TreeError> {
        out.clear();
        out.reserve(at.len());
        let root = self.hold();
        let mut last = Last::nothing(&root);
        // In rounds, so that the memory a round waits for is asked for together: first the pages of all
        // points, then the columns, then the answers.
        let mut nodes: [&Node; ROUND] = [&root; ROUND];
        let mut probes: [Option<Probe>; ROUND] = [None; ROUND];
        for round in at.chunks(ROUND) {
            for (node, p) in nodes.iter_mut().zip(round) {
                let at = [p.x(), p.y(), p.z()];
                if !last.holds(at) {
                    last = Last::new(self.finest(&root, at)?);
                }
                *node = last.node;
            }
            for ((probe, node), p) in probes.iter_mut().zip(&nodes).zip(round) {
                *probe = node.plain.as_ref().and_then(|n| n.strata.probe(p.x(), p.y()));
            }
            out.extend(round.iter().zip(&nodes).zip(&probes).map(|((p, node), probe)| {
                let at = [p.x(), p.y(), p.z()];
                match (probe, &node.plain) {
                    (Some(probe), Some(n)) => n.strata.decide(probe, at, n.ceiling),
                    _ => voxel(node, at).material,
                }
            }));
        }
        Ok(())
    }
}

/// Points of one round of a batch.
const ROUND: usize = 32;

/// The page of the last point, and the bits that name its cell.
struct Last<'a> {
    node: &'a Node,
    mask: u32,
    cell: [u32; 3],
}

impl<'a> Last<'a> {
    /// Holds no point.
    fn nothing(node: &'a Node) -> Self {
        Self { node, mask: 0, cell: [u32::MAX; 3] }
    }

    fn new(node: &'a Node) -> Self {
        if !node.children.is_empty() {
            // Another point of this cell may lie in a finer page.
            return Self::nothing(node);
        }
        Self { node, mask: !0 << (MAX_LEVEL - node.level), cell: node.id.cell().origin() }
    }

    #[inline]
    fn holds(&self, at: [u32; 3]) -> bool {
        (0..3).all(|a| at[a] & self.mask == self.cell[a])
    }
}

/// A tree whose decoded pages stay in memory for as long as this is held: for point reads in a tight loop.
///
/// The tree's cache may start over meanwhile; the pinned pages are freed when the pin is dropped.
pub struct Pinned<'t> {
    tree: &'t Tree,
    root: Arc<Node>,
}

impl Pinned<'_> {
    /// The material of one voxel.
    ///
    /// # Errors
    /// As [`Tree::sample`].
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, TreeError> {
        let at = [pos.x(), pos.y(), pos.z()];
        let node = self.tree.finest(&self.root, at)?;
        Ok(voxel(node, at))
    }
}

/// The answer of the finest page for a voxel in it.
#[inline]
fn voxel(node: &Node, at: [u32; 3]) -> Sample {
    if let Some(n) = &node.plain
        && let Some(p) = n.strata.probe(at[0], at[1])
    {
        let material = n.strata.decide(&p, at, n.ceiling);
        return Sample {
            material,
            level: MAX_LEVEL,
            exact: true,
            source: SourceKind::Strata,
            page_level: n.page_level,
        };
    }
    if !node.exceptions.is_empty()
        && let Some(material) = node.exceptions.get(node.sub(at))
    {
        let source = exception_kind(node);
        return Sample { material, level: MAX_LEVEL, exact: true, source, page_level: node.level };
    }
    let (material, by) = node.origin.material(at);
    Sample { material, level: MAX_LEVEL, exact: true, source: by.kind, page_level: by.page_level }
}

/// The form that gives a page's exceptions.
pub(crate) fn exception_kind(node: &Node) -> SourceKind {
    kind_of(&node.exceptions)
}

fn kind_of(exceptions: &Exceptions) -> SourceKind {
    match exceptions {
        Exceptions::Palette(_) => SourceKind::Palette,
        _ => SourceKind::Runs,
    }
}

/// What a page's exceptions make of a finer page at a sub-cell that inherits, if they say anything there.
pub(crate) fn exception_origin(exceptions: &Exceptions, level: u8, sub: u32) -> Option<Arc<Origin>> {
    exceptions.get(sub).map(|m| Origin::uniform(m, kind_of(exceptions), level))
}

impl MaterialSource for Pinned<'_> {
    type Error = TreeError;

    #[inline]
    fn sample(&self, pos: Pos) -> Result<Sample, TreeError> {
        Self::sample(self, pos)
    }
}

impl MaterialSource for Tree {
    type Error = TreeError;

    fn sample(&self, pos: Pos) -> Result<Sample, TreeError> {
        Self::sample(self, pos)
    }

    fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), TreeError> {
        Self::sample_batch(self, at, out)
    }
}

pub(crate) fn load_root(context: &Context, source: &dyn PageSource, crc: u32) -> Result<Node, TreeError> {
    let body = read_body(source, PageId::ROOT, crc)?;
    let nothing = Origin::uniform(MaterialId::UNSET, SourceKind::Uniform, 0);
    let origin = resolve(context, PageId::ROOT, &body.base, &nothing)?;
    Ok(Node::new(PageId::ROOT, origin, body))
}

/// Reads a page and holds it against the check sum its directory has.
pub(crate) fn read_body(source: &dyn PageSource, page: PageId, crc: u32) -> Result<Body, TreeError> {
    let bytes = source.page(page)?.ok_or(TreeError::Missing { page })?;
    let found = body_crc(&bytes);
    if found != crc {
        return Err(TreeError::Stale { page, expected: crc, found });
    }
    Body::decode(&bytes).map_err(|source| TreeError::Decode { page, source })
}

/// What answers in a child page that inherits: the parent's exception at its cell, or the parent's origin.
fn origin_above(node: &Node, sub: u32) -> Arc<Origin> {
    exception_origin(&node.exceptions, node.level, sub).unwrap_or_else(|| node.origin.clone())
}

pub(crate) fn strata_origin(s: Arc<Strata>, above: &Arc<Origin>, page: PageId) -> Arc<Origin> {
    let function = Function::Strata(s, above.clone());
    Arc::new(Origin { function, kind: SourceKind::Strata, page_level: page.level() })
}

/// A page may only share the columns of another page of its tier, straight above or below.
pub(crate) fn check_shared(page: PageId, owner: PageId) -> Result<(), TreeError> {
    let ([x, y, _], [ox, oy, _]) = (page.cell().coords(), owner.cell().coords());
    if page.level() == owner.level() && (x, y) == (ox, oy) && page != owner {
        Ok(())
    } else {
        Err(TreeError::Structure { page, detail: format!("cannot share the columns of {owner}") })
    }
}

/// Resolves any base but [`Base::Shared`].
pub(crate) fn resolve(
    context: &Context,
    page: PageId,
    base: &Base,
    above: &Arc<Origin>,
) -> Result<Arc<Origin>, TreeError> {
    let own = |function, kind| Arc::new(Origin { function, kind, page_level: page.level() });
    Ok(match base {
        Base::Inherit => above.clone(),
        Base::Uniform(m) => own(Function::Uniform(*m), SourceKind::Uniform),
        Base::Strata(s) => strata_origin(s.clone(), above, page),
        Base::Procedural(g) => {
            let f = context.generators.instantiate(g).map_err(|source| TreeError::Decode { page, source })?;
            own(Function::Generated(f), SourceKind::Procedural)
        }
        Base::Shared(other) => {
            return Err(TreeError::Structure {
                page,
                detail: format!("shares {other}, which shares itself"),
            });
        }
    })
}
